import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { hook as alertAnnotations } from '../../modules/metallb/hooks/alert-annotations.ts';
import { hook as expandServices } from '../../modules/metallb/hooks/expand-services.ts';
import { hook as foldStatus } from '../../modules/metallb/hooks/fold-status.ts';
import { hook as labelNodes } from '../../modules/metallb/hooks/label-nodes.ts';
import { mayUseBgp } from '../../modules/metallb/src/api/edition.ts';
import { SECRETS_ROLE } from '../../modules/metallb/src/api/names.ts';
import { ClusterState } from '../../modules/metallb/src/controller/cluster-state.ts';
import { collectionPath, knownKind } from '../../modules/metallb/src/kube/kinds.ts';
import { legacyStore } from '../../modules/metallb/src/legacy/legacy-store.ts';
import { CONTROLLER_SETTINGS } from '../../modules/metallb/src/settings/controller-settings.ts';
import { ClusterView } from '../../modules/metallb/src/speaker/cluster-view.ts';
import { StoreFeed } from '../../modules/metallb/src/speaker/store-feed.ts';
import { KINDS } from '../../modules/metallb/src/store/kinds.ts';
import { MemoryStore } from '../../modules/metallb/src/store/memory-store.ts';
import type {
  Kind,
  Operation,
  Watch,
  WatchEvent,
  WatchOptions,
} from '../../modules/metallb/src/store/store.ts';
import { ONE_OF_EACH, serviceBgpStatus } from '../support/bgp-objects.ts';
import { METALLB } from '../support/cluster.ts';
import { classOf, node, service } from '../support/cluster-objects.ts';
import { ControllerBench } from '../support/controller-bench.ts';
import { FakeClock } from '../support/fake-clock.ts';
import {
  ipAddressPool,
  l2Advertisement,
  metalLoadBalancerPool,
  nodeState,
  serviceL2Status,
} from '../support/metallb-objects.ts';
import {
  type Manifest,
  type PolicyRule,
  podOf,
  RENDERED,
  the,
  WITH_SHELL_OPERATOR,
} from './rendered.ts';

/** Such as `network.deckhouse.io/metalloadbalancerclasses`, or `/services` for those of the core. */
function resourceOf(kind: Kind): string {
  const [, root = '', group = '', ...rest] = collectionPath({ kind }).split('/');
  return `${root === 'api' ? '' : group}/${rest.at(-1)}`;
}

/** What the store reads and writes; Leases, Secrets, Events and the webhook configuration have clients of their own. */
const STORE_RESOURCES = new Set(Object.keys(KINDS).map((kind) => resourceOf(knownKind(kind))));

/** `verb group/resource` of each rule. */
function granted(rules: readonly PolicyRule[] = []): string[] {
  return rules.flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) => verbs.map((verb) => `${verb} ${group}/${resource}`)),
    ),
  );
}

/** All over the cluster. */
function grantedTo(account: string, caseName: string): string[] {
  const manifests = RENDERED.get(caseName) ?? [];
  const isOwn = ({ kind, subjects = [] }: Manifest) =>
    kind === 'ClusterRoleBinding' && subjects.some(({ name }) => name === account);
  const roles = manifests.filter(isOwn).map(({ roleRef }) => roleRef?.name);
  return manifests
    .filter(({ kind, metadata }) => kind === 'ClusterRole' && roles.includes(metadata.name))
    .flatMap(({ rules }) => granted(rules));
}

/** Those that are about objects of the store. */
function ofStore(grants: readonly string[]): string[] {
  return grants
    .filter((grant) => STORE_RESOURCES.has(grant.split(' ')[1]?.replace(/\/status$/, '') ?? ''))
    .sort();
}

class WatchedStore extends MemoryStore {
  readonly asked: WatchOptions[] = [];

  override watch(options: WatchOptions, onEvent: (event: WatchEvent) => void): Watch {
    this.asked.push(options);
    return super.watch(options, onEvent);
  }

  /** What watching them takes. */
  get needed(): string[] {
    return [...new Set(this.asked.map(({ kind }) => kind))].flatMap((kind) => [
      `list ${resourceOf(kind)}`,
      `watch ${resourceOf(kind)}`,
    ]);
  }
}

function neededFor(operation: Operation): string {
  if (operation.do === 'create') return `create ${resourceOf(operation.object.kind as Kind)}`;
  const resource = resourceOf(operation.ref.kind);
  const isStatus = operation.do === 'patch' && operation.subresource === 'status';
  return `${operation.do} ${resource}${isStatus ? '/status' : ''}`;
}

/**
 * A class and pools of MetalLB's API, a Service that comes, changes and goes, and nodes that join and leave: all that the
 * controller writes.
 */
async function writesOfController(hookRunner: 'controller' | 'shell-operator'): Promise<string[]> {
  const labels = { role: 'balancer' };
  const bench = new ControllerBench(
    [
      ...[classOf('ingress', { isDefault: true, nodeSelector: labels }), node('n1', labels)],
      ...[node('n2'), ipAddressPool('public', ['198.51.100.0/24']), l2Advertisement('all')],
      ...[metalLoadBalancerPool('office', ['203.0.113.0/24']), serviceL2Status('stale', 'gone')],
      ...[serviceBgpStatus('gone', 'n1'), nodeState('gone'), ...ONE_OF_EACH],
    ],
    hookRunner,
  );
  await bench.settle();
  bench.change(service('web', { count: 2 }));
  await bench.settle();
  bench.change(service('web', { count: 1, spec: { externalTrafficPolicy: 'Local' } }));
  await bench.settle();
  return [...new Set(bench.store.writes.map(neededFor))];
}

const ignore = () => {};

test('the controller may read what it watches, and write what it writes, and nothing more', async () => {
  const store = new WatchedStore(new FakeClock());
  const listener = {
    ...{ onClasses: ignore, onNodes: ignore, onServices: ignore, onChildren: ignore },
    ...{
      onPools: ignore,
      onAdvertisements: ignore,
      onNamespaces: ignore,
      onConfigurationStates: ignore,
    },
    onProblem: ignore,
  };
  new ClusterState(store, listener, ['metallb-system']).start();
  const needed = [...store.needed, ...(await writesOfController('controller'))];
  assert.equal(ofStore(grantedTo('controller', 'defaults')), needed.sort());
});

/** Hooks write the statuses of the others. */
const SERVED_BY_METALLB = ['patch /services/status'];
const WRITES_OF_NO_HOOK = [
  'create metallb.io/configurationstates',
  'delete metallb.io/configurationstates',
  'delete metallb.io/servicebgpstatuses',
  'delete metallb.io/servicel2statuses',
  'patch internal.network.deckhouse.io/sdninternall2lbservices/status',
  'patch metallb.io/bfdprofiles/status',
  'patch metallb.io/bgpadvertisements/status',
  'patch metallb.io/bgppeers/status',
  'patch metallb.io/communities/status',
  'patch metallb.io/configurationstates/status',
  'patch metallb.io/ipaddresspools/status',
  'patch metallb.io/l2advertisements/status',
  'patch network.deckhouse.io/metalloadbalancerbgppeers/status',
  'patch network.deckhouse.io/metalloadbalancerclasses/status',
  'patch network.deckhouse.io/metalloadbalancerconfigurations/status',
  'patch network.deckhouse.io/metalloadbalancerpools/status',
];

for (const caseName of WITH_SHELL_OPERATOR) {
  test(`${caseName}: what hooks write is not for the controller while shell-operator runs them`, () => {
    const writes = ofStore(grantedTo('controller', caseName)).filter(
      (grant) => !/^(?:list|watch) /.test(grant),
    );
    assert.equal(writes, [...SERVED_BY_METALLB, ...WRITES_OF_NO_HOOK].sort());
  });

  test(`${caseName}: shell-operator may do what its hooks ask for, and nothing more`, async () => {
    const hooks = [alertAnnotations, expandServices, foldStatus, labelNodes];
    const kinds = new Set(hooks.flatMap((hook) => hook.config.kubernetes.map(({ kind }) => kind)));
    const reads = [...kinds].flatMap((kind) =>
      ['list', 'watch'].map((verb) => `${verb} ${resourceOf(knownKind(kind))}`),
    );
    const writes = (await writesOfController('controller')).filter(
      (write) => !WRITES_OF_NO_HOOK.includes(write),
    );
    assert.equal(grantedTo('shell-operator', caseName).sort(), [...reads, ...writes].sort());
  });
}

for (const caseName of RENDERED.keys()) {
  test(`${caseName}: one account alone may write what hooks write`, () => {
    const runner = WITH_SHELL_OPERATOR.includes(caseName) ? 'shell-operator' : 'controller';
    const { subjects = [] } = the('ClusterRoleBinding', 'd8:metallb:hooks', caseName);
    assert.equal(
      subjects.map(({ kind, name }) => `${kind} ${name}`),
      [`ServiceAccount ${runner}`],
    );
  });
}

test('the speaker may read what it watches, and write statuses', () => {
  const store = new WatchedStore(new FakeClock());
  const handler = {
    onChange: ignore,
    onStatusChange: ignore,
    onProblem: ignore,
    onConfiguration: ignore,
  };
  new StoreFeed(store, new ClusterView(METALLB), handler).start();
  const statuses = (['SDNInternalL2LBService', 'Node'] as const).map(
    (kind) => `patch ${resourceOf(kind)}/status`,
  );
  const { rules } = the('ClusterRole', 'd8:metallb:speaker');
  assert.equal(ofStore(granted(rules)), [...store.needed, ...statuses].sort());
  const own = resourceOf('ServiceL2Status');
  const state = resourceOf('ConfigurationState');
  assert.equal(granted(the('Role', 'speaker').rules), [
    `create ${own}`,
    `patch ${own}`,
    `delete ${own}`,
    `create ${state}`,
    `patch ${state}/status`,
    `patch ${own}/status`,
  ]);
});

const BGP_KINDS = [
  ...(['BGPPeer', 'BGPAdvertisement', 'BFDProfile', 'Community', 'ServiceBGPStatus'] as const),
  ...(['MetalLoadBalancerBGPPeer', 'MetalLoadBalancerConfiguration'] as const),
];

for (const caseName of RENDERED.keys()) {
  const edition = settingOf('edition', caseName) ?? '';
  const hasBgp = mayUseBgp(edition);

  test(`${caseName}: in edition ${edition} the speaker ${hasBgp ? 'reads' : 'does not read'} what is about BGP`, () => {
    const own = grantedTo('speaker', caseName);
    const reads = BGP_KINDS.flatMap((kind) =>
      ['list', 'watch'].map((verb) => `${verb} ${resourceOf(kind)}`),
    );
    assert.equal(
      reads.filter((read) => own.includes(read)),
      hasBgp ? reads : [],
    );
    const told = granted(the('Role', 'speaker', caseName).rules).filter((right) =>
      right.includes('servicebgpstatuses'),
    );
    assert.is(told.length, hasBgp ? 3 : 0);
  });

  test(`${caseName}: in edition ${edition} the speaker may read ${hasBgp ? 'the passwords of its namespace' : 'no Secret'}`, () => {
    const ofSecrets = (RENDERED.get(caseName) ?? []).filter(
      ({ kind, rules = [] }) =>
        /Role$/.test(kind) &&
        rules.some(
          ({ resources, resourceNames }) => resources.includes('secrets') && !resourceNames,
        ),
    );
    assert.equal(
      ofSecrets.map(({ kind, metadata }) => `${kind} ${metadata.name}`),
      hasBgp ? [`ClusterRole ${SECRETS_ROLE}`] : [],
    );
    const bindings = (RENDERED.get(caseName) ?? []).filter(
      ({ roleRef }) => roleRef?.name === SECRETS_ROLE,
    );
    const { namespace } = the('ServiceAccount', 'speaker', caseName).metadata;
    assert.equal(
      bindings.map(({ kind, metadata }) => [kind, metadata.namespace]),
      hasBgp ? [['RoleBinding', namespace]] : [],
      'in a namespace, never in all',
    );
    const [{ subjects = [] } = {}] = bindings;
    if (!hasBgp) return;
    assert.equal(
      subjects.map(({ kind, name }) => `${kind} ${name}`),
      ['ServiceAccount speaker'],
    );
  });

  const given = settingOf('legacy-config-map', caseName);

  test(`${caseName}: of ConfigMaps, controller and speaker may watch ${given ?? 'none'}`, () => {
    const roles = (RENDERED.get(caseName) ?? []).filter(({ kind, rules = [] }) => {
      return /Role$/.test(kind) && rules.some(({ resources }) => resources.includes('configmaps'));
    });
    const parsed = CONTROLLER_SETTINGS.legacyConfigMap.parse(given ?? '');
    const ref = 'value' in parsed ? parsed.value : undefined;
    if (ref === undefined) return assert.equal(roles, []);
    const [role] = roles;
    assert.equal(
      roles.map(({ kind, metadata }) => [kind, metadata.namespace]),
      [['Role', ref.namespace]],
    );
    assert.equal(role?.rules, [
      {
        ...{ apiGroups: [''], resources: ['configmaps'], resourceNames: [ref.name] },
        verbs: ['list', 'watch'],
      },
    ]);
    const { metadata, subjects = [] } = the('RoleBinding', role?.metadata.name ?? '', caseName);
    assert.is(metadata.namespace, ref.namespace);
    assert.equal(subjects.map(({ name }) => name).sort(), ['controller', 'speaker']);
  });
}

test('a ConfigMap is asked for by its name, without which nobody may ask', () => {
  const store = new WatchedStore(new FakeClock());
  const ref = { namespace: 'metallb', name: 'config' };
  legacyStore(store, ref, ignore).watch({ kind: 'IPAddressPool' }, ignore);
  assert.equal(
    store.asked.filter(({ kind }) => kind === 'ConfigMap'),
    [{ kind: 'ConfigMap', ...ref }],
  );
});

/** As the controller is given it. */
function settingOf(flag: string, caseName: string): string | undefined {
  const [{ args } = { args: [] }] = podOf('Deployment', 'controller', caseName).containers;
  return args.find((arg) => arg.startsWith(`--${flag}=`))?.slice(flag.length + 3);
}

test('of Leases, Secrets and webhook configurations, the controller may use its own only', () => {
  const rules = [
    ...(the('ClusterRole', 'd8:metallb:controller').rules ?? []),
    ...(the('Role', 'controller').rules ?? []),
  ].filter(({ resources }) => /leases|secrets|webhook/.test(resources.join()));
  const names = rules.map(({ resources, resourceNames = [], verbs }) => {
    return [resources, resourceNames, verbs].map((list) => list.join('+')).join(' ');
  });
  assert.equal(names, [
    'validatingwebhookconfigurations metallb get+patch',
    'leases metallb-controller get+patch',
    'secrets metallb-webhook get+patch',
  ]);
});

test.run();
