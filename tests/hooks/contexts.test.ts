import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { hook } from '../../modules/metallb/hooks/fold-status.ts';
import { parseContexts } from '../../modules/metallb/hooks/lib/contexts.ts';
import { snapshotOf } from '../../modules/metallb/hooks/lib/hook.ts';
import { service } from '../support/cluster-objects.ts';

const GROUP = { binding: 'services', type: 'Group', groupName: 'main' };
const named = (name: string) => ({ filterResult: service(name) });
const parse = (contexts: unknown) => parseContexts(JSON.stringify(contexts), hook.config);

test('of several contexts the last snapshots count, filtered or in full', () => {
  const contexts = parse([
    { ...GROUP, snapshots: { services: [named('old')], children: [] } },
    {
      ...GROUP,
      snapshots: { services: [named('new'), { object: service('full') }], children: [] },
    },
    { binding: 'onStartup' },
  ]);
  const names = snapshotOf(contexts, 'services').map(({ metadata }) => metadata.name);
  assert.equal(names, ['new', 'full']);
});

const REFUSED: readonly [string, unknown, RegExp][] = [
  ['no list', { ...GROUP }, /^the binding context is no JSON array$/],
  ['no context at all', [], /has no snapshot of services, children$/],
  ['a context without snapshots', [GROUP], /has no snapshot of services, children$/],
  ['a binding left out', [{ ...GROUP, snapshots: { services: [] } }], /no snapshot of children$/],
  [
    'a binding left out of the newest',
    [
      { ...GROUP, snapshots: { services: [], children: [] } },
      { ...GROUP, snapshots: { children: [] } },
    ],
    /no snapshot of services$/,
  ],
  [
    'a nameless element',
    [{ type: 'Group' }],
    /^element 0 of the binding context names no binding$/,
  ],
  [
    'a snapshot that is no list',
    [{ ...GROUP, snapshots: { services: {}, children: [] } }],
    /^snapshot services is no JSON array$/,
  ],
  [
    'an entry that jq could do nothing with',
    [{ ...GROUP, snapshots: { services: [named('a'), { filterResult: null }], children: [] } }],
    /^snapshot services\[1\] has no object: /,
  ],
  [
    'an entry without a name',
    [
      {
        ...GROUP,
        snapshots: {
          services: [{ filterResult: { apiVersion: 'v1', kind: 'Service', metadata: {} } }],
          children: [],
        },
      },
    ],
    /^snapshot services\[0\] has no object: Service\/\(unnamed\): metadata\.name is missing/,
  ],
];

for (const [what, contexts, message] of REFUSED) {
  test(`a run on ${what} would take objects for deleted: it fails`, () => {
    assert.throws(
      () => parse(contexts),
      (error: Error) => message.test(error.message),
    );
  });
}

test.run();
