import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readOwnSettings } from '../../modules/metallb/src/node/own-settings.ts';

const DEFAULT = {
  health: { host: '127.0.0.1', port: 7476 },
  terminationGraceMs: 29_000,
  runDir: '/run/metallb',
};

const CASES: readonly (readonly [name: string, argv: string[], env: object, expected: object])[] = [
  ['nothing is given', ['--node', 'n1'], {}, DEFAULT],
  [
    'flags win over the environment',
    ['--health-address', '[::1]:1', '--termination-grace-ms=5', '--run-dir=/a', '--unknown', 'x'],
    {
      METALLB_HEALTH_ADDRESS: '0.0.0.0:2',
      METALLB_TERMINATION_GRACE_MS: '6',
      METALLB_RUN_DIR: '/b',
    },
    { health: { host: '::1', port: 1 }, terminationGraceMs: 1_005, runDir: '/a' },
  ],
  [
    'the environment counts where no flag is',
    [],
    {
      METALLB_HEALTH_ADDRESS: '0.0.0.0:2',
      METALLB_TERMINATION_GRACE_MS: '6',
      METALLB_RUN_DIR: '/b',
    },
    { health: { host: '0.0.0.0', port: 2 }, terminationGraceMs: 1_006, runDir: '/b' },
  ],
  [
    'wrong values are left to the children to refuse',
    ['--health-address', '--termination-grace-ms', 'x', '--run-dir='],
    {},
    DEFAULT,
  ],
];
for (const [name, argv, env, expected] of CASES) {
  test(name, () => {
    assert.equal(readOwnSettings(argv, { ...env }), expected);
  });
}

test.run();
