import type { Api } from '../lab/kubernetes/api.ts';
import { collectionPath, objectPath } from '../lab/kubernetes/kinds.ts';
import { inLanes } from '../modules/metallb/src/store/in-lanes.ts';

const CHILD = 'SDNInternalL2LBService';
const NAMESPACE = 'alike';
const WRITERS = 8;
const PATCH = 'application/json-patch+json';

interface Stored {
  readonly metadata: { readonly name: string; readonly [field: string]: unknown };
  readonly spec?: unknown;
  readonly status?: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

/**
 * Writes what a controller has written, by hand: for each of `count` Services its children, their statuses, then the
 * Service's own, eight Services at once. The Services are copied to another namespace before.
 *
 * @returns the writes, to be timed
 */
export async function writeAlike(api: Api, count: number): Promise<() => Promise<void>> {
  await api.send('POST', collectionPath('Namespace'), { metadata: { name: NAMESPACE } });
  const services = (await list(api, 'Service')).filter(({ metadata }) =>
    metadata.name.startsWith('web-'),
  );
  const children = new Map<string, Stored[]>();
  for (const child of await list(api, CHILD)) {
    const service = serviceOf(child.spec);
    children.set(service, [...(children.get(service) ?? []), child]);
  }
  const copies = services.slice(0, count);
  await inLanes(WRITERS, copies, async ({ metadata: { name, labels, annotations }, spec }) => {
    const { clusterIP: _, clusterIPs: __, ...rest } = spec as Record<string, unknown>;
    const metadata = { name, labels, annotations };
    await api.send('POST', collectionPath('Service', NAMESPACE), { metadata, spec: rest });
  });
  return () =>
    inLanes(WRITERS, copies, async (service) => {
      const own = children.get(service.metadata.name) ?? [];
      await Promise.all(own.map((child) => create(api, child)));
      await Promise.all(own.map((child) => writeStatus(api, CHILD, child)));
      await writeStatus(api, 'Service', service);
    });
}

async function list(api: Api, kind: string): Promise<readonly Stored[]> {
  const { items } = (await api.get(collectionPath(kind, 'default'))) as { items: Stored[] };
  return items;
}

function serviceOf(spec: unknown): string {
  return (spec as { serviceRef: { name: string } }).serviceRef.name;
}

async function create(api: Api, { apiVersion, kind, metadata, spec }: Stored): Promise<void> {
  const { name, labels, annotations } = metadata;
  const body = { apiVersion, kind, metadata: { name, labels, annotations }, spec };
  await api.send('POST', collectionPath(CHILD, NAMESPACE), body);
}

async function writeStatus(api: Api, kind: string, { metadata, status }: Stored): Promise<void> {
  const path = `${objectPath(kind, metadata.name, NAMESPACE)}/status`;
  await api.send('PATCH', path, [{ op: 'add', path: '/status', value: status }], PATCH);
}
