import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Ajv } from 'ajv';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { listAt, valueAt } from '../../modules/metallb/hooks/lib/json.ts';
import { classOf, node, service } from '../support/cluster-objects.ts';
import { CONFIG_SCHEMA } from '../support/hook-config-schema.ts';
import { runHookProcess } from '../support/hook-process.ts';

// The built files as black boxes.
const directory = mkdtempSync(join(tmpdir(), 'hooks-'));
const { buildHooks } = await import(
  pathToFileURL(join(import.meta.dirname, '..', '..', 'build-hooks.mjs')).href
);
await buildHooks(directory);
const files = readdirSync(join(directory, 'hooks')).sort();
const hookPath = (name: string) => join(directory, 'hooks', `${name}.mjs`);
const launcher = join(directory, 'deckhouse', 'hooks', 'metallb-hooks');

const executables = suite('executables');
executables.after(() => rmSync(directory, { recursive: true }));

const entries = (...objects: object[]) => objects.map((object) => ({ filterResult: object }));
const contextsOf = (snapshots: object) => [
  { binding: 'classes', type: 'Group', groupName: 'main', snapshots: { classes: [] } },
  { binding: 'services', type: 'Group', groupName: 'main', snapshots },
];
const CLUSTER = contextsOf({
  classes: entries(classOf('c', { isDefault: true })),
  nodes: entries(node('n1'), node('n2')),
  services: entries(service('nginx', { count: 2 })),
  children: [],
});

executables('there is one for each hook that needs no Deckhouse', () => {
  assert.equal(files, [
    'alert-annotations.mjs',
    'expand-services.mjs',
    'fold-status.mjs',
    'label-nodes.mjs',
  ]);
});

for (const name of ['alert-annotations', 'expand-services', 'fold-status', 'label-nodes']) {
  executables(
    `${name} says with --config what it watches, in words that shell-operator knows`,
    () => {
      const { code, stdout, stderr } = runHookProcess(hookPath(name), { args: ['--config'] });
      assert.equal([code, stderr], [0, '']);
      const validate = new Ajv({ strict: false, allErrors: true }).compile(CONFIG_SCHEMA);
      assert.ok(validate(JSON.parse(stdout)), JSON.stringify(validate.errors));
    },
  );
}

executables('they are small, and need nothing but Node’s files, hashes and scripts', () => {
  for (const file of files) {
    const text = readFileSync(join(directory, 'hooks', file), 'utf8');
    assert.ok(text.startsWith('#!/usr/bin/env node\n'), file);
    assert.ok(text.length < 64 * 1024, `${file}: ${text.length} bytes`);
    const imported = [...text.matchAll(/\bfrom\s*"([^"]+)"/g)].map(([, module = '']) => module);
    const known = ['node:fs', 'node:crypto', 'node:vm'];
    assert.equal(
      imported.filter((module) => !known.includes(module)),
      [],
      file,
    );
  }
});

executables('a run writes operations, metrics and one line of log for the operator', () => {
  const run = runHookProcess(hookPath('expand-services'), { contexts: CLUSTER });
  assert.equal([run.code, run.stderr], [0, '']);
  assert.equal(
    run.operations.map((each) => Object(each).operation),
    ['JSONPatch', 'CreateIfNotExists', 'CreateIfNotExists'],
  );
  const counted = (name: string, labels: object, value: number) => {
    return { group: 'metallb-expand-services', action: 'set', name, labels, value };
  };
  assert.equal(run.metrics, [
    { group: 'metallb-expand-services', action: 'expire' },
    counted('metallb_hook_objects', { binding: 'classes' }, 1),
    counted('metallb_hook_objects', { binding: 'nodes' }, 2),
    counted('metallb_hook_objects', { binding: 'services' }, 1),
    counted('metallb_hook_objects', { binding: 'children' }, 0),
    counted('metallb_hook_operations', { operation: 'CreateIfNotExists' }, 2),
    counted('metallb_hook_operations', { operation: 'JSONPatch' }, 1),
    counted('metallb_hook_operations', { operation: 'DeleteInBackground' }, 0),
  ]);
  assert.equal(JSON.parse(run.stdout), {
    level: 'info',
    msg: 'asked for changes',
    creations: 2,
    patches: 1,
    deletions: 0,
  });
});

executables('ten thousand Services are written to the last', () => {
  const services = Array.from({ length: 10_000 }, (_, index) => service(`s${index}`));
  const classes = entries(classOf('c', { isDefault: true, addressPool: ['10.0.0.0/8'] }));
  const snapshots = { classes, nodes: entries(node('n1')), services: entries(...services) };
  const contexts = contextsOf({ ...snapshots, children: [] });
  const run = runHookProcess(hookPath('expand-services'), { contexts });
  assert.equal([run.code, run.operations.length], [0, 20_000]);
});

executables('a failing run writes nothing, ends with 1 and says why in one line', () => {
  const contexts = contextsOf({ classes: [], nodes: [], services: [] });
  const run = runHookProcess(hookPath('expand-services'), { contexts });
  assert.equal([run.code, run.operations, run.metrics, run.stdout], [1, [], [], '']);
  assert.is(run.stderr, 'expand-services: the binding context has no snapshot of children\n');
});

executables('alerts are metrics in a group of their own, which a later run empties', () => {
  const annotations = { 'metallb.io/address-pool': 'p' };
  const nginx = { ...service('nginx'), metadata: { ...service('nginx').metadata, annotations } };
  const group = 'D8MetallbNotSupportedServiceAnnotationsDetected';
  const own = (services: object[]) => {
    const snapshots = {
      services: entries(...services),
      classes: entries(classOf('c', { isDefault: true })),
    };
    const run = runHookProcess(hookPath('alert-annotations'), { contexts: contextsOf(snapshots) });
    return run.metrics.filter((metric) => Object(metric).group === group);
  };
  const metric = {
    group,
    action: 'set',
    name: 'd8_metallb_not_supported_service_annotations_detected',
    labels: { name: 'nginx', namespace: 'default', annotation: 'metallb.io/address-pool' },
    value: 1,
  };
  assert.equal(own([nginx]), [{ group, action: 'expire' }, metric]);
  assert.equal(own([]), [{ group, action: 'expire' }]);
});

const BATCH = [
  'expand-services',
  'fold-status',
  'label-nodes',
  'alert-annotations',
  'alert-module-config',
  'purge',
  'internal-values',
];
const batch = (...args: string[]) => runHookProcess(launcher, { args: ['hook', ...args] });
const configOf = (name: string) => JSON.parse(batch('config').stdout).hooks[BATCH.indexOf(name)];

executables('the launcher lists and describes all hooks as a batch hook does', () => {
  assert.match(batch('list').stdout, /^Found 7 items:\n0 - expand-services\n/);
  const config = JSON.parse(batch('config').stdout);
  assert.equal(
    [
      config.version,
      config.has_settings_check,
      config.hooks.map((hook: { metadata: { name: string } }) => hook.metadata.name),
    ],
    ['v1', false, BATCH],
  );
  const [{ kubernetes, schedule, settings, configVersion }] = config.hooks;
  assert.equal([configVersion, settings], ['v1', { executionMinInterval: 5e8, executionBurst: 1 }]);
  assert.equal(schedule, [
    {
      name: 'every-minute',
      crontab: '* * * * *',
      queue: '/modules/metallb/expand-services',
    },
  ]);
  const { jqFilter, ...children } = kubernetes.at(-1);
  assert.match(jqFilter, /SDNInternalL2LBService/);
  assert.equal(children, {
    name: 'children',
    apiVersion: 'internal.network.deckhouse.io/v1alpha1',
    kind: 'SDNInternalL2LBService',
    keepFullObjectsInMemory: false,
    allowFailure: true,
    queue: '/modules/metallb/expand-services',
    executeHookOnEvent: true,
    executeHookOnSynchronization: true,
    waitForSynchronization: false,
  });
});

executables(
  'the launcher runs a hook by its number, and leaves to the controller what it writes',
  () => {
    const run = (values: object) =>
      runHookProcess(launcher, { args: ['hook', 'run', '0'], contexts: CLUSTER, values });
    const own = run({ metallb: { hookRunner: 'shell-operator' } });
    assert.equal([own.code, own.operations.length], [0, 3]);
    for (const values of [{}, { metallb: { hookRunner: 'controller' } }]) {
      const left = run(values);
      assert.equal([left.code, left.operations, left.metrics], [0, [], []]);
    }
  },
);

executables(
  'after the release is deleted there is no controller: the launcher purges always',
  () => {
    const config = configOf('purge');
    assert.equal(
      [config.metadata.name, config.afterDeleteHelm, config.schedule],
      ['purge', 10, []],
    );
    for (const binding of config.kubernetes) {
      const { executeHookOnEvent, executeHookOnSynchronization } = binding;
      assert.equal(
        [executeHookOnEvent, executeHookOnSynchronization],
        [false, false],
        binding.name,
      );
    }
    const member = { 'l2-load-balancer.network.deckhouse.io/member': '' };
    const snapshots = {
      services: [],
      children: [],
      nodes: entries(node('n1', member)),
      classes: [],
      ...{ 'ip-address-pools': [], 'metal-load-balancer-pools': [], advertisements: [] },
      ...{ 'service-l2-statuses': [], 'configuration-states': [], 'service-bgp-statuses': [] },
      ...{ 'bgp-peers': [], 'bgp-advertisements': [], 'bfd-profiles': [], communities: [] },
      ...{ 'metal-load-balancer-bgp-peers': [], 'metal-load-balancer-configurations': [] },
    };
    const run = (binding: string) =>
      runHookProcess(launcher, { args: ['hook', 'run', '5'], contexts: [{ binding, snapshots }] });
    const { code, operations } = run('afterDeleteHelm');
    assert.equal([code, operations.length], [0, 1]);
    assert.equal(run('main').operations, []);
  },
);

executables('alerts are not the controller’s: the launcher runs them always', () => {
  const spec = { version: 3, settings: { addressPools: [{ name: 'old', protocol: 'layer2' }] } };
  const config = {
    apiVersion: 'deckhouse.io/v1alpha1',
    kind: 'ModuleConfig',
    metadata: { name: 'metallb' },
    spec,
  };
  const contexts = contextsOf({ 'module-configs': entries(config), services: [] });
  const { code, metrics } = runHookProcess(launcher, { args: ['hook', 'run', '4'], contexts });
  assert.is(code, 0);
  assert.equal(metrics.at(-1), {
    group: 'D8MetallbModuleConfig',
    action: 'set',
    name: 'd8_metallb_obsolete_layer2_pools_are_used',
    labels: { name: 'old' },
    value: 1,
  });
});

const KEY = 'a2V5IG9mIGhlYXJ0YmVhdHMsIDMyIGJ5dGVzIGxvbmcu';
const INTERNAL = ['hook', 'run', `${BATCH.indexOf('internal-values')}`];
const HEARTBEAT_SECRET = {
  ...{ apiVersion: 'v1', kind: 'Secret' },
  metadata: { name: 'metallb-heartbeat', namespace: 'd8-metallb' },
  data: { keys: Buffer.from(`${KEY}\n`).toString('base64') },
};
const withSecret = (...secrets: object[]) => [
  {
    binding: 'beforeHelm',
    snapshots: { 'module-configs': [], 'heartbeat-secret': entries(...secrets) },
  },
];

executables('what the templates would look up are values, before Helm and beside nothing', () => {
  const { beforeHelm, kubernetes } = configOf('internal-values');
  assert.is(beforeHelm, 10);
  assert.equal(
    kubernetes.map((binding: Record<string, unknown>) => [
      ...[binding['name'], binding['queue'], binding['namespace']],
      ...[binding['executeHookOnEvent'], binding['executeHookOnSynchronization']],
    ]),
    [
      ['module-configs', 'main', undefined, true, false],
      ...[
        [
          ...['heartbeat-secret', 'main', { nameSelector: { matchNames: ['d8-metallb'] } }],
          ...[false, false],
        ],
      ],
    ],
  );
  const run = runHookProcess(launcher, {
    args: INTERNAL,
    contexts: withSecret(HEARTBEAT_SECRET),
    values: { metallb: { heartbeat: { rotation: 0 }, hookRunner: 'controller' } },
  });
  assert.equal([run.code, run.stdout, run.stderr, run.operations], [0, '', '', []]);
  assert.equal(run.valuesPatch, [
    {
      op: 'add',
      path: '/metallb/internal/heartbeatKeys',
      value: { keys: [KEY], rotation: 0 },
    },
    { op: 'add', path: '/metallb/internal/moduleConfigVersion', value: 3 },
  ]);
  assert.not.match(JSON.stringify(run.metrics), KEY.slice(0, 8));
});

executables('keys that the launcher makes are of 32 bytes, and others each time', () => {
  const made = [1, 2].map(() => {
    const { valuesPatch } = runHookProcess(launcher, { args: INTERNAL, contexts: withSecret() });
    return listAt(valueAt(valuesPatch[0], 'value'), 'keys').map(String);
  });
  const sizes = made.flat().map((key) => Buffer.from(key, 'base64').length);
  assert.equal(sizes, [32, 32]);
  assert.is(new Set(made.flat()).size, 2);
});

executables('a file with keys that can’t be read is named, and nothing of it shown', () => {
  const secret = { ...HEARTBEAT_SECRET, metadata: { name: 7 } };
  const odd = runHookProcess(launcher, { args: INTERNAL, contexts: withSecret(secret) });
  const values = `{"metallb":{"internal":{"heartbeatKeys":{"keys":["${KEY}`;
  const contexts = JSON.stringify(withSecret(HEARTBEAT_SECRET)).slice(0, -20);
  const files = [{ rawValues: values, contexts: withSecret() }, { rawContexts: contexts }];
  const runs = [odd, ...files.map((each) => runHookProcess(launcher, { args: INTERNAL, ...each }))];
  for (const { code, stdout, stderr, valuesPatch } of runs) {
    assert.equal([code, stdout, valuesPatch], [1, '', []]);
    const shown = [KEY, HEARTBEAT_SECRET.data.keys].flatMap((text) => [...text.matchAll(/.{5}/g)]);
    assert.equal(
      shown.filter(([part]) => stderr.includes(part)),
      [],
      stderr,
    );
  }
  assert.match(runs[1]?.stderr ?? '', 'values.json is no JSON');
  assert.match(runs[2]?.stderr ?? '', 'the binding context is no JSON');
});

executables('the launcher is always ready, and refuses what it does not know in JSON', () => {
  for (const command of ['ready', 'check']) {
    const { code, stdout, stderr } = batch(command);
    assert.equal([code, stdout, stderr], [0, '', '']);
  }
  const unknown = batch('run', '7');
  assert.is(unknown.code, 1);
  assert.equal(JSON.parse(unknown.stderr), {
    message: 'hook run 7: expected a number from 0 to 6',
  });
  assert.is(runHookProcess(launcher, { args: ['--config'] }).code, 1);
});

executables.run();
