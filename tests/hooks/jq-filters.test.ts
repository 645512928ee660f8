import { execFileSync } from 'node:child_process';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  ANNOUNCING_FILTER,
  CHILD_CLASS_FILTER,
  CHILD_TO_FOLD_FILTER,
  CHILD_TO_KEEP_FILTER,
  CHILD_TO_PURGE_FILTER,
  CLASS_FILTER,
  CLASS_TO_PURGE_FILTER,
  HEARTBEAT_SECRET_FILTER,
  METALLB_TO_PURGE_FILTER,
  MODULE_CONFIG_FILTER,
  MODULE_VERSION_FILTER,
  NODE_FILTER,
  NODE_TO_PURGE_FILTER,
  SERVICE_TO_CHECK_FILTER,
  SERVICE_TO_EXPAND_FILTER,
  SERVICE_TO_FOLD_FILTER,
} from '../../modules/metallb/hooks/lib/jq-filters.ts';
import type { KubernetesObject } from '../../modules/metallb/src/api/object.ts';
import { bgpPeer, configuration } from '../support/bgp-objects.ts';
import { boundTo, child, classOf, node, service } from '../support/cluster-objects.ts';
import { ipAddressPool, l2Advertisement, serviceL2Status } from '../support/metallb-objects.ts';
import {
  type Projection,
  projectAnnouncing,
  projectChildClass,
  projectChildToFold,
  projectChildToKeep,
  projectChildToPurge,
  projectClass,
  projectClassToPurge,
  projectHeartbeatSecret,
  projectMetallbToPurge,
  projectModuleConfig,
  projectModuleVersion,
  projectNode,
  projectNodeToPurge,
  projectServiceToCheck,
  projectServiceToExpand,
  projectServiceToFold,
} from '../support/projections.ts';

function withMetadata(object: KubernetesObject, metadata: object): KubernetesObject {
  return { ...object, metadata: { ...object.metadata, ...metadata } };
}

const MANAGED = { managedFields: [{ manager: 'kubectl' }], generation: 3 };
const DRAINING = {
  'network.deckhouse.io/drain-balancer': '',
  'node.alpha.kubernetes.io/ttl': '0',
};
const NODES = [
  node('n1', { role: 'edge', 'l2-load-balancer.network.deckhouse.io/member': '' }),
  withMetadata(node('n2', {}, DRAINING), MANAGED),
  {
    ...node('n3'),
    metadata: { name: 'n3', uid: 'u', resourceVersion: '7', creationTimestamp: '' },
  },
  { ...node('n4'), status: { conditions: [{ type: 'Ready', status: 'True' }] } },
];
const CLASSES = [
  classOf('c', { isDefault: true }),
  withMetadata(
    { ...classOf('old'), status: { nodes: ['n1'] } },
    { labels: { a: 'b' }, ...MANAGED },
  ),
  { ...classOf('bare'), spec: undefined },
];
const CONDITIONED = {
  loadBalancer: { ingress: [{ ip: '192.0.2.1', ipMode: 'VIP' }, { hostname: 'x.example.com' }] },
  conditions: [
    ...boundTo('c').status.conditions,
    { type: 'example.com/other', status: 'True', reason: 'r', message: 'm' },
  ],
};
const SERVICES = [
  service('plain', { count: 3, classAnnotation: 'c', ips: '192.0.2.1', sharedIpKey: 'k' }),
  service('cluster-ip', { spec: { type: 'ClusterIP' }, status: { loadBalancer: {} } }),
  service('was-ours', { spec: { type: 'ClusterIP' }, status: CONDITIONED }),
  service('typeless', { spec: { type: undefined } }),
  withMetadata(service('leaving', { status: CONDITIONED }), {
    annotations: {
      ...{ 'metallb.io/address-pool': 'p', 'metallb.universe.tf/loadBalancerIPs': '1' },
      ...{ 'metallb.io/allow-shared-ip': 'k', 'metallb.universe.tf/allow-shared-ip': 'l' },
    },
    deletionTimestamp: '2026-01-01T00:00:00Z',
    ...MANAGED,
  }),
  withMetadata(service('unannotated', { spec: { loadBalancerClass: 'c' } }), {
    annotations: undefined,
  }),
];
const OWNED = {
  labels: { heritage: 'deckhouse' },
  ownerReferences: [{ apiVersion: 'v1', kind: 'Service', name: 's', uid: 'u', controller: true }],
};
const SAID = ['Assigned', 'InPool', 'Announceable', 'AddressConflict'].map((type) => ({
  type,
  status: 'False',
  ...(type === 'InPool' ? {} : { reason: 'Reason' }),
  message: `${type} is not so`,
  lastTransitionTime: '2026-01-01T00:00:00Z',
}));
const CHILDREN = [
  child('s-c-0', { service: 's', className: 'c', node: 'n1', ips: ['192.0.2.1'] }),
  child('s-c-1', { service: 's', className: 'c' }, { metadata: OWNED, conditions: SAID }),
  {
    ...child('s-c-3', { service: 's', className: 'c' }, { metadata: OWNED }),
    status: { loadBalancer: { ingress: [{ hostname: 'x.example.com' }, { ip: '192.0.2.9' }] } },
  },
  { ...child('s-c-2', { service: 's', className: 'c' }, { metadata: OWNED }), status: undefined },
];
const ANNOUNCING = [
  {
    ...l2Advertisement('edge', {
      spec: { nodeSelectors: [{ matchLabels: { role: 'edge' } }], ipAddressPools: ['p'] },
    }),
    status: { conditions: [...SAID, { type: 'Accepted', status: 'True', reason: 'NoPool' }] },
  },
  l2Advertisement('all'),
  { ...l2Advertisement('bare'), spec: undefined },
  bgpPeer('tor', { nodeSelectors: [{ matchLabels: { role: 'edge' } }] }),
  configuration('edge', ['spine'], [], { role: 'edge' }),
];
const STAMPS = { uid: 'u', resourceVersion: '1', creationTimestamp: '' };
const MODULE_CONFIGS = [
  [
    'v2',
    { version: 2, settings: { addressPools: [{ name: 'a', protocol: 'layer2', addresses: [] }] } },
  ],
  ['empty', { enabled: true }],
  ['unset', { version: 3, settings: { speaker: {} } }],
].map(([name, spec]) => {
  const metadata = { name: String(name), ...STAMPS };
  return { apiVersion: 'deckhouse.io/v1alpha1', kind: 'ModuleConfig', metadata, spec };
});
const ROTATED = {
  'metallb.deckhouse.io/heartbeat-rotation': '2',
  'meta.helm.sh/release-name': 'm',
};
const SECRETS = [
  { annotations: ROTATED, data: { keys: 'YQo=', other: 'Yg==' } },
  { data: { other: 'Yg==' } },
  {},
].map(({ data, annotations }) => {
  const metadata = { name: 'metallb-heartbeat', namespace: 'd8-metallb', ...STAMPS };
  const own = { ...metadata, ...(annotations && { annotations }) };
  return { apiVersion: 'v1', kind: 'Secret', metadata: own, ...(data && { data }) };
});

const METALLB = [
  { ...ipAddressPool('public', ['192.0.2.1']), status: { conditions: [{ type: 'Accepted' }] } },
  { ...serviceL2Status('l2-1', 'web') },
  l2Advertisement('all'),
].map((object) => {
  const ownerReferences = [{ apiVersion: 'v1', kind: 'Pod', name: 'speaker', uid: 'u' }];
  const metadata = {
    ...object.metadata,
    ...(object.kind === 'ServiceL2Status' && { ownerReferences }),
  };
  return { ...object, metadata };
});

const TABLE: Readonly<Record<string, [string, Projection, readonly KubernetesObject[]]>> = {
  nodes: [NODE_FILTER, projectNode, NODES],
  classes: [CLASS_FILTER, projectClass, CLASSES],
  'Services to expand': [SERVICE_TO_EXPAND_FILTER, projectServiceToExpand, SERVICES],
  'Services to fold': [SERVICE_TO_FOLD_FILTER, projectServiceToFold, SERVICES],
  'Services to check': [SERVICE_TO_CHECK_FILTER, projectServiceToCheck, SERVICES],
  'children to keep': [CHILD_TO_KEEP_FILTER, projectChildToKeep, CHILDREN],
  'children to purge': [CHILD_TO_PURGE_FILTER, projectChildToPurge, CHILDREN],
  'nodes to purge': [NODE_TO_PURGE_FILTER, projectNodeToPurge, NODES],
  'classes to purge': [CLASS_TO_PURGE_FILTER, projectClassToPurge, CLASSES],
  "MetalLB's API to purge": [METALLB_TO_PURGE_FILTER, projectMetallbToPurge, METALLB],
  'classes of children': [CHILD_CLASS_FILTER, projectChildClass, CHILDREN],
  'what announces': [ANNOUNCING_FILTER, projectAnnouncing, ANNOUNCING],
  'children to fold': [CHILD_TO_FOLD_FILTER, projectChildToFold, CHILDREN],
  'settings of the module': [MODULE_CONFIG_FILTER, projectModuleConfig, MODULE_CONFIGS],
  'the version of the settings': [MODULE_VERSION_FILTER, projectModuleVersion, MODULE_CONFIGS],
  'the Secret of heartbeat keys': [HEARTBEAT_SECRET_FILTER, projectHeartbeatSecret, SECRETS],
};

/** What the real jq leaves of each object. */
function filtered(filter: string, objects: readonly KubernetesObject[]): unknown[] {
  const input = objects.map((object) => JSON.stringify(object)).join('\n');
  const lines = execFileSync('jq', ['--compact-output', filter], { input, encoding: 'utf8' });
  return lines
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

for (const [what, [filter, project, objects]] of Object.entries(TABLE)) {
  test(`jq leaves of ${what} what the hooks count on`, () => {
    const projected = objects.map((object) => JSON.parse(JSON.stringify(project(object))));
    assert.equal(filtered(filter, objects), projected);
  });
}

test('a version is there only where a patch needs it', () => {
  const versions = (filter: string, objects: readonly KubernetesObject[]) =>
    filtered(filter, objects).map((object) => JSON.stringify(object).includes('resourceVersion'));
  assert.equal(versions(NODE_FILTER, NODES), [false, false, true, false]);
  assert.equal(versions(CHILD_TO_KEEP_FILTER, CHILDREN), [true, false, false, false]);
  assert.equal(versions(CHILD_TO_FOLD_FILTER, CHILDREN), [false, false, false, false]);
  assert.equal(versions(CLASS_FILTER, CLASSES), [false, false, false]);
});

test.run();
