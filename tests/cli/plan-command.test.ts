import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Command, readCommand } from '../../modules/metallb/src/cli/command-line.ts';
import { readDump } from '../../modules/metallb/src/cli/dumped-objects.ts';
import type { MetallbPlanOptions } from '../../modules/metallb/src/cli/plan-state.ts';
import { UsageError } from '../../modules/metallb/src/settings/settings.ts';
import { classOf, node, service } from '../support/cluster-objects.ts';
import { playCommand } from '../support/played-command.ts';

const STORE = { kind: 'store', store: { kind: 'manifests', directory: '/m' } } as const;
const METALLB: MetallbPlanOptions = {
  ...{ lbClass: undefined, metallbNamespaces: ['metallb-system'], metallbPoolPolicy: 'Keep' },
};
const NOTHING = {
  ...{ files: [], deleted: [], excluded: [], drained: [], failed: [] },
  metallb: METALLB,
};

const understood: [string, Command][] = [
  [
    'plan --store manifests:/m --lb-class example.com/lb --metallb-namespaces a,b --metallb-pool-policy Reassign',
    {
      ...{ verb: 'plan', output: 'text', source: STORE, ...NOTHING },
      metallb: {
        lbClass: 'example.com/lb',
        metallbNamespaces: ['a', 'b'],
        metallbPoolPolicy: 'Reassign',
      },
    },
  ],
  ['plan --store manifests:/m', { verb: 'plan', output: 'text', source: STORE, ...NOTHING }],
  [
    'plan --from dump.yaml -f a.yaml -f - --delete node/n1 -o json',
    {
      verb: 'plan',
      output: 'json',
      source: { kind: 'dump', path: 'dump.yaml' },
      ...NOTHING,
      files: ['a.yaml', '-'],
      deleted: ['node/n1'],
    },
  ],
  [
    'plan --store manifests:/m --exclude-node n1 --drain-node n2 --fail-node n3 --fail-node n4',
    {
      verb: 'plan',
      output: 'text',
      source: STORE,
      files: [],
      deleted: [],
      excluded: ['n1'],
      drained: ['n2'],
      failed: ['n3', 'n4'],
      metallb: METALLB,
    },
  ],
];
for (const [line, command] of understood) {
  test(`mlb ${line}`, () => {
    assert.equal(readCommand(line.split(' '), {}), command);
  });
}

test('the environment’s store is no obstacle to a dump, a second source is', () => {
  const env = { METALLB_STORE: 'manifests:/env' };
  const { source } = readCommand(['plan', '--from', 'd'], env) as { source: unknown };
  assert.equal(source, { kind: 'dump', path: 'd' });
  assert.throws(
    () => readCommand(['plan', '--from', 'd', '--store', 'manifests:/m'], {}),
    (error: unknown) =>
      error instanceof UsageError && /--from and --store: expected one of them/.test(error.message),
  );
});

/** What a run of `mlb plan` on files in a directory of its own leaves. */
async function play(
  files: Readonly<Record<string, unknown>>,
  args: readonly string[],
  input = '',
): Promise<{ code: number; printed: string }> {
  const directory = mkdtempSync(join(tmpdir(), 'plan-'));
  try {
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(join(directory, name, '..'), { recursive: true });
      const text = typeof content === 'string' ? content : JSON.stringify(content);
      writeFileSync(join(directory, name), text);
    }
    const inDirectory = args.map((arg) => arg.replace('DIR', directory));
    return await playCommand(['plan', ...inDirectory], input);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const status = { loadBalancer: { ingress: [{ ip: '192.0.2.15' }] } };
const DUMP = {
  apiVersion: 'v1',
  kind: 'List',
  items: [
    ...['n1', 'n2'].map((name) => node(name)),
    service('web', { status }),
    { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' } },
  ],
};

test('a dump of a cluster with MetalLB, and a class: the IP stays, and the exit code says so', async () => {
  const files = { 'dump.json': DUMP, 'class.json': classOf('ingress', { isDefault: true }) };
  const { code, printed } = await play(files, ['--from', 'DIR/dump.json', '-f', 'DIR/class.json']);
  assert.match(printed, /^default\/web +192\.0\.2\.15 +adopted /m);
  assert.match(printed, /^0 IPs go, 0 IPs move to other nodes, 1 IP stays and is taken over/m);
  assert.is(code, 0);
});

test('a class that reassigns what it lacks takes the IP away, and the exit code is 2', async () => {
  const spec = { isDefault: true, addressPool: ['192.0.2.20'], whenOutOfPool: 'Reassign' };
  const narrow = classOf('ingress', spec);
  const { code, printed } = await play(
    { 'dump.json': DUMP },
    ['--from', 'DIR', '-f', '-', '-o', 'json'],
    JSON.stringify(narrow),
  );
  const { ips } = JSON.parse(printed) as { ips: { ip: string; change: string }[] };
  assert.equal(
    ips.map(({ ip, change }) => `${ip} ${change}`),
    ['192.0.2.15 goes', '192.0.2.20 appears'],
  );
  assert.is(code, 2);
});

test('a directory is read file by file; what is no manifest is passed over', async () => {
  const files = {
    'dump/nodes.yaml': 'apiVersion: v1\nkind: Node\nmetadata: {name: n1}\n---\n',
    'dump/services.yml': JSON.stringify(service('web')),
    'dump/README.md': 'kind: Service',
    'dump/.hidden.yaml': 'kind: [',
    'class.yaml': JSON.stringify(classOf('ingress', { isDefault: true })),
  };
  const { printed } = await play(files, ['--from', 'DIR/dump', '-f', 'DIR/class.yaml']);
  assert.match(printed, /^default\/web +192\.0\.2\.10 +appears +n1 +n1 /m);
});

const unreadable: [files: Readonly<Record<string, unknown>>, expected: RegExp][] = [
  [{ 'a.md': '' }, /^can't read .*: expected \.yaml, \.yml or \.json files in it$/],
  [{ 'a.yaml': 'kind: [' }, /a\.yaml:1: /],
  [{ 'a.json': '{"kind": ' }, /a\.json:1: /],
  [{ 'a.yaml': 'apiVersion: v1\nkind: Node' }, /a\.yaml: Node\/\(unnamed\): metadata is missing/],
];
for (const [files, expected] of unreadable) {
  test(`a dump that can't be read is refused: ${expected}`, async () => {
    const message = await play(files, ['--from', 'DIR']).then(
      () => 'no failure',
      (error: Error) => error.message,
    );
    assert.match(message, expected);
  });
}

test('objects of a dump keep what the API server gave them; files of users get what a plan needs', () => {
  const [stored] = readDump([{ name: 'a', text: JSON.stringify(service('web', { uid: 'u1' })) }]);
  assert.is(stored?.metadata.uid, 'u1');
  const bare = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' } };
  const [written] = readDump([{ name: 'a', text: JSON.stringify(bare) }]);
  assert.is(written?.metadata.namespace, 'default');
  assert.is(written?.metadata.uid, 'Service default/web');
  assert.is(written?.metadata.resourceVersion, '1');
});

test.run();
