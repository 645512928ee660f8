import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readCommand } from '../../modules/metallb/src/cli/command-line.ts';
import { UsageError } from '../../modules/metallb/src/settings/settings.ts';

test('an interface and pools, each as often as there are some', () => {
  const line = 'loop-guard install --interface eth0 --interface bond0.7 --pool 192.0.2.0/30';
  const command = readCommand(line.split(' '), {});
  const pools = [{ family: 'IPv4', first: 0xc000_0200n, last: 0xc000_0203n }];
  assert.equal(command, {
    verb: 'loop-guard',
    action: 'install',
    guarded: [
      { interface: 'eth0', pools },
      { interface: 'bond0.7', pools },
    ],
  });
});

test('show and remove need nothing else', () => {
  for (const action of ['show', 'remove']) {
    assert.equal(readCommand(['loop-guard', action], {}), { verb: 'loop-guard', action });
  }
});

test('keep is told where the node program works', () => {
  assert.equal(readCommand(['loop-guard', 'keep'], {}), {
    ...{ verb: 'loop-guard', action: 'keep', runDir: '/run/metallb' },
  });
  for (const [argv, env] of [
    [['--run-dir', '/r'], {}],
    [[], { METALLB_RUN_DIR: '/r' }],
  ] as const) {
    const command = readCommand(['loop-guard', 'keep', ...argv], env);
    assert.is(command.verb === 'loop-guard' && command.action === 'keep' && command.runDir, '/r');
  }
});

const refused: [line: string, sentence: string][] = [
  ['loop-guard', 'loop-guard: expected install, keep, remove or show, not nothing'],
  ['loop-guard instal', 'loop-guard: expected install, keep, remove or show, not instal'],
  [
    'loop-guard install --pool 192.0.2.0/24',
    '--interface: expected a name such as eth0, not nothing',
  ],
  [
    'loop-guard install --interface eth0;reboot --pool 192.0.2.0/24',
    '--interface: expected a name such as eth0, not eth0;reboot',
  ],
  [
    'loop-guard keep --interface eth0',
    'loop-guard keep: the speaker says which interfaces and pools there are',
  ],
  ['loop-guard install --interface eth0', '--pool is missing: a CIDR or a range FIRST-LAST'],
  [
    'loop-guard install --interface eth0 --pool everything',
    '--pool: expected a CIDR such as 192.0.2.0/24 or a range such as 192.0.2.10-192.0.2.19, not "everything"',
  ],
];
for (const [line, sentence] of refused) {
  test(`mlb ${line} is refused`, () => {
    assert.throws(
      () => readCommand(line.split(' '), {}),
      (error: unknown) => error instanceof UsageError && error.message === sentence,
    );
  });
}

test('the doctor looks at this node unless it is told of a cluster', () => {
  const wish = readCommand(['doctor'], {});
  assert.equal(wish, {
    ...{ verb: 'doctor', output: 'text', store: undefined },
    speaker: { host: '127.0.0.1', port: 7474 },
    kubeProxyMetricsUrl: new URL('http://127.0.0.1:10249/metrics'),
  });
  const more = readCommand(['doctor', '-o', 'json', '--kube-proxy-metrics-url='], {
    METALLB_STORE: 'manifests:/m',
  });
  assert.equal(more, {
    ...{ verb: 'doctor', output: 'json', store: { kind: 'manifests', directory: '/m' } },
    speaker: { host: '127.0.0.1', port: 7474 },
    kubeProxyMetricsUrl: undefined,
  });
});

test.run();
