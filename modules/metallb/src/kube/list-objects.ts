import { isRecord } from '../api/fields.ts';
import type { KubernetesObject } from '../api/object.ts';
import { StoreUnavailableError } from '../store/errors.ts';
import type { WatchOptions } from '../store/store.ts';
import type { ApiClient } from './api-client.ts';
import { collectionPath, parseApiObject } from './kinds.ts';

/** All that a watch selects, at one version of the cluster. */
export interface ObjectList {
  readonly objects: readonly KubernetesObject[];
  readonly resourceVersion: string;
}

const PAGE_SIZE = 500;

/** The query part of a selection. */
export function selectorOf({ name, labels = {} }: WatchOptions): Record<string, string> {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}=${value}`);
  return {
    ...(pairs.length > 0 && { labelSelector: pairs.join(',') }),
    ...(name !== undefined && { fieldSelector: `metadata.name=${name}` }),
  };
}

/**
 * Lists page by page, the newest state: without a version asked for, the API server must not answer from an old cache.
 *
 * @throws ExpiredError when listing took longer than the API server remembers, and what a request throws
 */
export async function listObjects(
  client: ApiClient,
  options: WatchOptions,
  signal: AbortSignal,
): Promise<ObjectList> {
  const objects: KubernetesObject[] = [];
  const path = collectionPath(options);
  const query = { ...selectorOf(options), limit: String(PAGE_SIZE) };
  let from: Record<string, string> = {};
  for (;;) {
    const answer = await client.request({
      method: 'GET',
      path,
      signal,
      query: { ...query, ...from },
    });
    const { objects: more, resourceVersion, next } = parsePage(answer, options);
    objects.push(...more);
    if (next === '') return { objects, resourceVersion };
    from = { continue: next };
  }
}

interface Page extends ObjectList {
  /** What to ask for next; empty on the last page. */
  readonly next: string;
}

/** @throws StoreUnavailableError for what is no page of such objects */
export function parsePage(body: unknown, { kind }: Pick<WatchOptions, 'kind'>): Page {
  const list = isRecord(body) ? body : {};
  const metadata = isRecord(list['metadata']) ? list['metadata'] : {};
  const { resourceVersion, continue: next = '' } = metadata;
  // An empty list may have `items: null`.
  const items = list['items'] ?? [];
  const objects = Array.isArray(items) ? items.map((item) => parseApiObject(kind, item)) : [];
  const whole = objects.filter((object) => object !== undefined);
  if (
    typeof resourceVersion !== 'string' ||
    typeof next !== 'string' ||
    !Array.isArray(items) ||
    whole.length < objects.length
  ) {
    throw new StoreUnavailableError(`the answer is no list of ${kind} objects`);
  }
  return { objects: whole, resourceVersion, next };
}
