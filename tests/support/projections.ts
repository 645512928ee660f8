import { listAt, valueAt } from '../../modules/metallb/hooks/lib/json.ts';
import type { KubernetesObject } from '../../modules/metallb/src/api/object.ts';

/** What each jqFilter of the hooks leaves of an object, said a second time: a test compares both, by real jq. */
export type Projection = (object: KubernetesObject) => object;

const DRAIN = 'network.deckhouse.io/drain-balancer';

export const projectNode: Projection = ({ metadata }) => {
  const { name, labels, resourceVersion } = metadata;
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      ...(labels ? { labels } : { resourceVersion }),
      annotations: annotations(metadata, (key) => key === DRAIN),
    },
  };
};

export const projectClass: Projection = ({ metadata, spec }) =>
  compact({
    apiVersion: 'network.deckhouse.io/v1alpha1',
    kind: 'MetalLoadBalancerClass',
    metadata: pick(metadata, ['name', 'uid', 'creationTimestamp', 'labels']),
    spec,
  });

export const projectAnnouncing: Projection = ({ apiVersion, kind, metadata, spec, status }) => {
  const conditions = listAt(status, 'conditions').filter(
    (one) => valueAt(one, 'type') === 'Accepted',
  );
  return {
    ...{ apiVersion, kind, metadata: pick(metadata, ['name', 'namespace']) },
    spec: pick(Object(spec ?? {}), ['nodeSelectors', 'nodeSelector']),
    status: {
      conditions: conditions.map((one) => pick(Object(one), ['type', 'status', 'reason'])),
    },
  };
};

const MEMBER = 'l2-load-balancer.network.deckhouse.io/member';

export const projectNodeToPurge: Projection = ({ metadata, status }) => {
  const member = metadata.labels?.[MEMBER];
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: metadata.name,
      labels: member === undefined ? {} : { [MEMBER]: member },
    },
    status: {
      conditions: listAt(status, 'conditions').map((one) => ({ type: valueAt(one, 'type') })),
    },
  };
};

export const projectClassToPurge: Projection = ({ apiVersion, kind, metadata, status }) =>
  compact({
    apiVersion,
    kind,
    metadata: pick(metadata, ['name', 'uid', 'resourceVersion']),
    status,
  });

export const projectMetallbToPurge: Projection = ({ apiVersion, kind, metadata, status }) => {
  const names = ['name', 'namespace', 'uid', 'resourceVersion', 'ownerReferences'];
  return compact({ apiVersion, kind, metadata: compact({ ...pick(metadata, names) }), status });
};

export const projectServiceToExpand: Projection = (object) => projectService(object, true);
export const projectServiceToFold: Projection = (object) => projectService(object, false);

function projectService({ metadata, spec, status }: KubernetesObject, whole: boolean): object {
  const type = valueAt(spec, 'type') ?? null;
  const head = { apiVersion: 'v1', kind: 'Service' };
  if (type !== 'LoadBalancer' && listAt(status, 'conditions').length === 0) {
    return { ...head, metadata: pick(metadata, ['name', 'namespace', 'uid']), spec: { type } };
  }
  const kept = ['name', 'namespace', 'uid', 'resourceVersion', 'deletionTimestamp'];
  const own = annotations(
    metadata,
    (key) => key.startsWith('network.deckhouse.io/') || key.endsWith('/allow-shared-ip'),
  );
  return compact({
    ...head,
    metadata: { ...pick(metadata, kept), ...(whole && { annotations: own }) },
    spec: whole ? spec : { type },
    status: status === undefined ? undefined : pick(status, ['conditions', 'loadBalancer']),
  });
}

export const projectChildToPurge: Projection = ({ apiVersion, kind, metadata, spec }) => ({
  apiVersion,
  kind,
  metadata: pick(metadata, [
    ...['name', 'namespace', 'uid', 'ownerReferences', 'deletionTimestamp'],
  ]),
  spec: { serviceRef: valueAt(spec, 'serviceRef') },
});

export const projectChildToKeep: Projection = ({ apiVersion, kind, metadata, spec, status }) => {
  const isWhole = metadata.labels !== undefined && metadata.annotations !== undefined;
  return {
    apiVersion,
    kind,
    metadata: pick(metadata, [
      ...['name', 'namespace', 'uid', 'labels', 'annotations', 'ownerReferences'],
      ...['deletionTimestamp', ...(isWhole ? [] : ['resourceVersion'])],
    ]),
    spec,
    status: { loadBalancer: { ingress: ingress(status) } },
  };
};

export const projectChildClass: Projection = ({ apiVersion, kind, metadata }) => ({
  apiVersion,
  kind,
  metadata: {
    ...pick(metadata, ['name', 'namespace', 'uid']),
    annotations: annotations(metadata, (key) => key === 'metallb.io/address-pool'),
  },
});

export const projectChildToFold: Projection = ({ apiVersion, kind, metadata, spec, status }) => ({
  apiVersion,
  kind,
  metadata: {
    ...pick(metadata, ['name', 'namespace', 'uid', 'ownerReferences']),
    annotations: annotations(metadata, (key) => key === 'metallb.io/address-pool'),
  },
  spec: { serviceRef: valueAt(spec, 'serviceRef') },
  status: {
    loadBalancer: { ingress: ingress(status) },
    conditions: listAt(status, 'conditions')
      .filter((each) =>
        ['Assigned', 'InPool', 'Announceable'].includes(String(valueAt(each, 'type'))),
      )
      .map((each) => pick(each, ['type', 'status', 'reason', 'message'])),
  },
});

export const projectServiceToCheck: Projection = ({ metadata, spec, status }) => {
  const { name, namespace } = metadata;
  const type = valueAt(spec, 'type') ?? null;
  const head = { apiVersion: 'v1', kind: 'Service' };
  if (type !== 'LoadBalancer') return { ...head, metadata: { name, namespace }, spec: { type } };
  const isRead = (key: string) =>
    key === 'network.deckhouse.io/metal-load-balancer-class' ||
    /^metallb\.(?:io|universe\.tf)\//.test(key);
  return {
    ...head,
    metadata: { name, namespace, annotations: annotations(metadata, isRead) },
    spec: pick(spec, ['type', 'loadBalancerClass']),
    status: {
      conditions: listAt(status, 'conditions')
        .filter((each) => valueAt(each, 'type') === 'network.deckhouse.io/load-balancer-class')
        .map((each) => pick(each, ['type', 'status', 'reason', 'message'])),
    },
  };
};

export const projectModuleConfig: Projection = ({ apiVersion, kind, metadata, spec }) => ({
  apiVersion,
  kind,
  metadata: { name: metadata.name },
  spec: {
    version: valueAt(spec, 'version') ?? null,
    settings: {
      addressPools: listAt(spec, 'settings', 'addressPools').map((pool) => ({
        name: valueAt(pool, 'name') ?? null,
        protocol: valueAt(pool, 'protocol') ?? null,
      })),
    },
  },
});

export const projectModuleVersion: Projection = ({ apiVersion, kind, metadata, spec }) => ({
  ...{ apiVersion, kind, metadata: { name: metadata.name } },
  spec: { version: valueAt(spec, 'version') ?? null },
});

export const projectHeartbeatSecret: Projection = ({ apiVersion, kind, metadata, data }) => {
  const { name, namespace } = metadata;
  const isRead = (key: string) => key === 'metallb.deckhouse.io/heartbeat-rotation';
  return {
    ...{ apiVersion, kind },
    metadata: { name, namespace, annotations: annotations(metadata, isRead) },
    data: { keys: valueAt(data, 'keys') ?? null },
  };
};

function annotations(
  metadata: KubernetesObject['metadata'],
  isKept: (key: string) => boolean,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(metadata.annotations ?? {}).filter(([key]) => isKept(key)),
  );
}

function ingress(status: unknown): unknown[] {
  return listAt(status, 'loadBalancer', 'ingress').flatMap((entry) => {
    const ip = valueAt(entry, 'ip');
    return ip === undefined ? [] : [{ ip }];
  });
}

function pick(value: unknown, names: readonly string[]): object {
  return compact(Object.fromEntries(names.map((name) => [name, valueAt(value, name)])));
}

function compact(members: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(
    Object.entries(members).filter(([, value]) => value !== undefined && value !== null),
  );
}
