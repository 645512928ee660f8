import { isRecord } from '../api/fields.ts';
import { type ConnectedClient, connect } from '../kube/api-client.ts';
import { ConfigurationError, ForbiddenError } from '../kube/errors.ts';
import { StoreUnavailableError } from '../store/errors.ts';
import type { Clock } from '../time/clock.ts';

/** A Pod that is not over. */
export interface Pod {
  readonly namespace: string;
  readonly name: string;
  /** Undefined before it has one. */
  readonly node: string | undefined;
  readonly isReady: boolean;
}

/** MetalLB's own, as its manifests label them, and as its chart does; this module's have neither. */
const METALLB_SELECTORS = [
  'app=metallb,component in (controller,speaker)',
  'app.kubernetes.io/name=metallb,app.kubernetes.io/component in (controller,speaker)',
];
/** This module's speakers. */
const SPEAKER_SELECTORS = ['module=metallb,app=speaker'];
const OVER = ['Succeeded', 'Failed'];

/** Those of MetalLB itself. @returns why they can't be looked for, in words, where they can't */
export function fetchMetallbPods(clock: Clock): Promise<readonly Pod[] | string> {
  return fetchPods(METALLB_SELECTORS, clock);
}

/** Those of this module's speakers. @returns why they can't be looked for, in words, where they can't */
export function fetchSpeakerPods(clock: Clock): Promise<readonly Pod[] | string> {
  return fetchPods(SPEAKER_SELECTORS, clock);
}

async function fetchPods(
  selectors: readonly string[],
  clock: Clock,
): Promise<readonly Pod[] | string> {
  try {
    const client = connect({ clock });
    try {
      return await listPods(client, selectors);
    } finally {
      client.close();
    }
  } catch (error) {
    const isExpected = [ConfigurationError, ForbiddenError, StoreUnavailableError].some(
      (known) => error instanceof known,
    );
    if (!isExpected || !(error instanceof Error)) throw error;
    return `Pods can't be listed: ${error.message}`;
  }
}

async function listPods(
  client: Pick<ConnectedClient, 'request'>,
  selectors: readonly string[],
): Promise<Pod[]> {
  const lists = selectors.map((labelSelector) =>
    client.request({ method: 'GET', path: '/api/v1/pods', query: { labelSelector } }),
  );
  return (await Promise.all(lists)).flatMap(podsIn);
}

/** Those of a list as the API server answers it. */
export function podsIn(list: unknown): Pod[] {
  const items = isRecord(list) && Array.isArray(list['items']) ? list['items'] : [];
  return items.filter(isRecord).flatMap(({ metadata, spec, status }) => {
    const { phase, conditions } = isRecord(status) ? status : {};
    const { namespace, name } = isRecord(metadata) ? metadata : {};
    if (typeof namespace !== 'string' || typeof name !== 'string') return [];
    if (OVER.includes(String(phase))) return [];
    const node = isRecord(spec) ? spec['nodeName'] : undefined;
    return [
      {
        ...{ namespace, name },
        node: typeof node === 'string' ? node : undefined,
        isReady: Array.isArray(conditions) && conditions.some(saysReady),
      },
    ];
  });
}

function saysReady(condition: unknown): boolean {
  return isRecord(condition) && condition['type'] === 'Ready' && condition['status'] === 'True';
}
