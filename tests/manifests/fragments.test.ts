import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  type Fragment,
  type FragmentStatus,
  mergeStatus,
  ownShare,
  withoutFragments,
} from '../../modules/metallb/src/manifests/fragments.ts';

const EARLY = '2024-01-01T00:00:00Z';
const LATE = '2024-01-01T00:00:01Z';

function fragment(node: string, status: FragmentStatus, order = 1): Fragment {
  return { kind: 'SDNInternalL2LBService', name: 'a', uid: 'u', node, order, status };
}

function announcer(node: string, since: string) {
  return { node, since, reason: 'Takeover' };
}

function condition(type: string, status: string, lastTransitionTime = EARLY) {
  return { type, status, reason: 'R', message: '', lastTransitionTime };
}

for (const [name, base, fragments, expected] of [
  ['a status without fragments stays as it is', { ip: 1 }, [], { ip: 1 }],
  [
    'the latest announcer wins',
    { ip: 1 },
    [
      fragment('n1', { announcer: announcer('n1', LATE) }),
      fragment('n2', { announcer: announcer('n2', EARLY) }, 9),
    ],
    { ip: 1, announcer: announcer('n1', LATE) },
  ],
  [
    'within a second, the one that knew of the other wins',
    undefined,
    [
      fragment('n1', { announcer: announcer('n1', EARLY) }, 2),
      fragment('n2', { announcer: announcer('n2', EARLY) }, 1),
    ],
    { announcer: announcer('n1', EARLY) },
  ],
  [
    'milliseconds count',
    undefined,
    [
      fragment('n1', { announcer: announcer('n1', '2024-01-01T00:00:00.500Z') }),
      fragment('n2', { announcer: announcer('n2', EARLY) }, 9),
    ],
    { announcer: announcer('n1', '2024-01-01T00:00:00.500Z') },
  ],
  [
    'a withdrawn announcer does not bring back the one before it',
    {},
    [fragment('n1', { announcer: announcer('n1', EARLY) }), fragment('n2', { withdrawn: LATE }, 2)],
    {},
  ],
  [
    'conditions merge by type, in place, new ones at the end',
    { conditions: [condition('A', 'True'), condition('B', 'True')] },
    [fragment('n1', { conditions: [condition('A', 'False', LATE), condition('C', 'True')] })],
    {
      conditions: [condition('A', 'False', LATE), condition('B', 'True'), condition('C', 'True')],
    },
  ],
  [
    'of two nodes with one condition the later transition wins',
    undefined,
    [
      fragment('n1', { conditions: [condition('A', 'True', LATE)] }),
      fragment('n2', { conditions: [condition('A', 'False', EARLY)] }, 9),
    ],
    { conditions: [condition('A', 'True', LATE)] },
  ],
] as const) {
  test(name, () => {
    assert.equal(mergeStatus(base, fragments), expected);
  });
}

test('what nodes say is not kept a second time in the object itself', () => {
  const base = { ip: 1, conditions: [condition('Mine', 'True')] };
  const fragments = [
    fragment('n1', { announcer: announcer('n1', EARLY), conditions: [condition('A', 'True')] }),
  ];
  assert.equal(withoutFragments(mergeStatus(base, fragments), fragments), base);
});

const MERGED = { ip: 1, announcer: announcer('n2', EARLY), conditions: [condition('B', 'True')] };

test('the share of a node is what it changed', () => {
  const patched = {
    ...MERGED,
    announcer: announcer('n1', LATE),
    conditions: [condition('B', 'True'), condition('A', 'True')],
  };
  assert.equal(ownShare('n1', { others: MERGED, merged: MERGED, patched }, undefined), {
    announcer: announcer('n1', LATE),
    conditions: [condition('A', 'True')],
  });
});

test('an announcer that another has overtaken leaves the share', () => {
  const states = { others: MERGED, merged: MERGED, patched: MERGED };
  assert.equal(ownShare('n1', states, { announcer: announcer('n1', EARLY) }), {});
});

test('an announcer that is taken away stays away', () => {
  const { announcer: _announcer, ...patched } = MERGED;
  const share = ownShare('n2', { others: patched, merged: MERGED, patched }, undefined);
  assert.equal(share, { withdrawn: EARLY });
  assert.equal(ownShare('n2', { others: patched, merged: patched, patched }, share), share);
});

for (const [name, patched, error] of [
  ['a node may not touch the rest of a status', { ...MERGED, ip: 2 }, /only status.announcer/],
  [
    'a node may not name another one',
    { ...MERGED, announcer: announcer('n3', LATE) },
    /only itself/,
  ],
  ["a node may not remove another's condition", { ...MERGED, conditions: [] }, /condition B/],
] as const) {
  test(name, () => {
    assert.throws(
      () => ownShare('n1', { others: MERGED, merged: MERGED, patched }, undefined),
      error,
    );
  });
}

test.run();
