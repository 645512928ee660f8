import { isRecord } from '../api/fields.ts';
import { type ConnectedClient, connect } from '../kube/api-client.ts';
import { ConfigurationError, ForbiddenError } from '../kube/errors.ts';
import { StoreUnavailableError } from '../store/errors.ts';
import type { Clock } from '../time/clock.ts';

/** A Pod of MetalLB itself that is not over. */
export interface MetallbPod {
  readonly namespace: string;
  readonly name: string;
}

/** As MetalLB's manifests label its Pods, and as its chart does; this module's have neither. */
const SELECTORS = [
  'app=metallb,component in (controller,speaker)',
  'app.kubernetes.io/name=metallb,app.kubernetes.io/component in (controller,speaker)',
];
const OVER = ['Succeeded', 'Failed'];

/** @returns why they can't be looked for, in words, where they can't */
export async function fetchMetallbPods(clock: Clock): Promise<readonly MetallbPod[] | string> {
  try {
    const client = connect({ clock });
    try {
      return await listPods(client);
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

async function listPods(client: Pick<ConnectedClient, 'request'>): Promise<MetallbPod[]> {
  const lists = SELECTORS.map((labelSelector) =>
    client.request({ method: 'GET', path: '/api/v1/pods', query: { labelSelector } }),
  );
  return (await Promise.all(lists)).flatMap(podsIn);
}

/** Those of a list as the API server answers it. */
export function podsIn(list: unknown): MetallbPod[] {
  const items = isRecord(list) && Array.isArray(list['items']) ? list['items'] : [];
  return items.filter(isRecord).flatMap(({ metadata, status }) => {
    const phase = isRecord(status) ? status['phase'] : undefined;
    const { namespace, name } = isRecord(metadata) ? metadata : {};
    if (typeof namespace !== 'string' || typeof name !== 'string') return [];
    return OVER.includes(String(phase)) ? [] : [{ namespace, name }];
  });
}
