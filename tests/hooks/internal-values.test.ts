import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { hook } from '../../modules/metallb/hooks/internal-values.ts';
import { heldKeys, rotatedKeys } from '../../modules/metallb/hooks/lib/heartbeat-keys.ts';
import type { KubernetesObject } from '../../modules/metallb/src/api/object.ts';
import { CONFIG_SCHEMA } from '../chart/settings-schema.ts';

const STAMPS = { uid: '', resourceVersion: '', creationTimestamp: '' };

function secretOf(text: string, rotation?: string): KubernetesObject {
  const annotations = { 'metallb.deckhouse.io/heartbeat-rotation': rotation ?? '' };
  return {
    ...{ apiVersion: 'v1', kind: 'Secret' },
    metadata: {
      ...{ name: 'metallb-heartbeat', namespace: 'd8-metallb', ...STAMPS },
      ...(rotation !== undefined && { annotations }),
    },
    data: { keys: Buffer.from(text).toString('base64') },
  };
}

const HELD: [name: string, secret: KubernetesObject | undefined, keys: string[], number][] = [
  ['no Secret', undefined, [], 0],
  ['as the chart writes it', secretOf('b\na\n', '1'), ['b', 'a'], 1],
  ['without its last line break', secretOf('a', '0'), ['a'], 0],
  ['empty lines and blanks', secretOf('\n b \r\n\n a', '7'), ['b', 'a'], 7],
  ['no annotation', secretOf('a\n'), ['a'], 0],
  ['an annotation that is no number', secretOf('a\n', 'two'), ['a'], 0],
  ['emptied', secretOf('', '5'), [], 5],
  ['without the file of keys', { ...secretOf('', '5'), data: { keys: undefined } }, [], 5],
  ['without data', { ...secretOf('', '5'), data: undefined }, [], 5],
];

for (const [name, secret, keys, rotation] of HELD) {
  test(`the Secret: ${name}`, () => {
    assert.equal(heldKeys(secret), { keys, rotation });
  });
}

const ROTATIONS: [
  name: string,
  held: { keys: string[]; rotation: number },
  wanted: number,
  after: { keys: string[]; rotation: number },
][] = [
  ['there are none: one is made', { keys: [], rotation: 0 }, 0, { keys: ['new'], rotation: 0 }],
  [
    'none, whatever was wanted before: the settings count',
    { keys: [], rotation: 5 },
    3,
    { keys: ['new'], rotation: 3 },
  ],
  ['nothing is wanted', { keys: ['a'], rotation: 0 }, 0, { keys: ['a'], rotation: 0 }],
  [
    'raised: a new one before those that are there',
    { keys: ['a'], rotation: 0 },
    1,
    { keys: ['new', 'a'], rotation: 1 },
  ],
  [
    'raised by more than one: one key, too',
    { keys: ['b', 'a'], rotation: 1 },
    7,
    { keys: ['new', 'b', 'a'], rotation: 7 },
  ],
  [
    'the fourth rotation drops the first key',
    { keys: ['d', 'c', 'b', 'a'], rotation: 3 },
    4,
    { keys: ['new', 'd', 'c', 'b'], rotation: 4 },
  ],
  [
    'lowered: nothing is taken back',
    { keys: ['b', 'a'], rotation: 9 },
    2,
    { keys: ['b', 'a'], rotation: 9 },
  ],
  [
    'more than the chart makes, by hand: they stay until they rotate',
    { keys: ['e', 'd', 'c', 'b', 'a'], rotation: 0 },
    0,
    { keys: ['e', 'd', 'c', 'b', 'a'], rotation: 0 },
  ],
];

for (const [name, held, wanted, after] of ROTATIONS) {
  test(`rotation ${wanted} of ${held.rotation} with ${held.keys.length} keys: ${name}`, () => {
    assert.equal(
      rotatedKeys(held, wanted, () => 'new'),
      after,
    );
    const another = () => 'another';
    assert.equal(rotatedKeys(after, wanted, another), after, 'again, and something changes');
  });
}

test('what is computed again from what was rendered is the same', () => {
  const contexts = (...secrets: KubernetesObject[]) => [
    {
      binding: 'beforeHelm',
      snapshots: {
        'module-configs': [],
        'heartbeat-secret': secrets.map((object) => ({ object })),
      },
    },
  ];
  const values = { metallb: { heartbeat: { rotation: 2 } } };
  const first = hook.compute(contexts(), values, () => 'a');
  assert.equal(first, {
    heartbeatKeys: { keys: ['a'], rotation: 2 },
    moduleConfigVersion: 3,
  });
  const again = hook.compute(contexts(secretOf('a\n', '2')), values, () => 'b');
  assert.equal(again, first);
});

test('the version is that of the ModuleConfig, and the newest where there is none', () => {
  const versionWith = (...specs: object[]) => {
    const objects = specs.map((spec) => ({
      object: { ...secretOf(''), kind: 'ModuleConfig', spec },
    }));
    const snapshots = { 'module-configs': objects, 'heartbeat-secret': [] };
    const computed = hook.compute([{ binding: 'beforeHelm', snapshots }], {}, () => 'a');
    return computed['moduleConfigVersion'];
  };
  assert.equal(
    [versionWith({ version: 1 }), versionWith({ version: 2 }), versionWith({ version: null })],
    [1, 2, CONFIG_SCHEMA['x-config-version']],
  );
  assert.is(versionWith(), CONFIG_SCHEMA['x-config-version']);
});

test.run();
