import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { KubernetesObject } from '../../modules/metallb/src/api/object.ts';
import {
  addLabel,
  pointerTo,
  removeLabel,
  replaceStatus,
} from '../../modules/metallb/src/store/json-patch.ts';

function objectWith(fields: {
  labels?: Record<string, string>;
  status?: unknown;
}): KubernetesObject {
  const { labels, status } = fields;
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: 'n1',
      uid: 'u',
      resourceVersion: '7',
      creationTimestamp: '2024-01-01T00:00:00Z',
      ...(labels === undefined ? {} : { labels }),
    },
    ...(status === undefined ? {} : { status }),
  };
}

const TEST_VERSION = { op: 'test', path: '/metadata/resourceVersion', value: '7' };

test('a pointer escapes tildes and slashes', () => {
  assert.is(pointerTo('metadata', 'labels', 'a/b~c'), '/metadata/labels/a~1b~0c');
});

for (const [name, patch, expected] of [
  [
    'a status is made where there is none',
    replaceStatus(objectWith({}), { conditions: [] }),
    [
      TEST_VERSION,
      { op: 'add', path: '/status', value: {} },
      { op: 'add', path: '/status/conditions', value: [] },
    ],
  ],
  [
    'other fields of a status stay',
    replaceStatus(objectWith({ status: { other: 1 } }), { nodes: ['n1'] }),
    [TEST_VERSION, { op: 'add', path: '/status/nodes', value: ['n1'] }],
  ],
  [
    'a field without value is removed',
    replaceStatus(objectWith({ status: { nodes: [] } }), { nodes: undefined }),
    [TEST_VERSION, { op: 'remove', path: '/status/nodes' }],
  ],
  [
    'a field that is not there needs no removal',
    replaceStatus(objectWith({}), { nodes: undefined }),
    [TEST_VERSION, { op: 'add', path: '/status', value: {} }],
  ],
  [
    'a label is added beside others without a look at the version',
    addLabel(objectWith({ labels: { a: '1' } }), 'x.io/member', ''),
    [{ op: 'add', path: '/metadata/labels/x.io~1member', value: '' }],
  ],
  [
    'the first label must not wipe out one added meanwhile',
    addLabel(objectWith({}), 'member', ''),
    [TEST_VERSION, { op: 'add', path: '/metadata/labels', value: { member: '' } }],
  ],
  [
    'a label that is there needs no patch',
    addLabel(objectWith({ labels: { a: '' } }), 'a', ''),
    [],
  ],
  [
    'a label is removed only while it has the value that was read',
    removeLabel(objectWith({ labels: { 'a/b': '1' } }), 'a/b'),
    [
      { op: 'test', path: '/metadata/labels/a~1b', value: '1' },
      { op: 'remove', path: '/metadata/labels/a~1b' },
    ],
  ],
  ['a label that is not there needs no removal', removeLabel(objectWith({}), 'a'), []],
] as const) {
  test(name, () => {
    assert.equal(patch, expected);
  });
}

test.run();
