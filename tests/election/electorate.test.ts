import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Duty, Group, Member } from '../../modules/metallb/src/duty/duty.ts';
import { Electorate } from '../../modules/metallb/src/election/electorate.ts';
import { Ranking } from '../../modules/metallb/src/election/ranking.ts';
import { nextRole, type Role } from '../../modules/metallb/src/election/role.ts';
import type { NodeView, SegmentView } from '../../modules/metallb/src/election/view.ts';
import { NODE_STATES } from '../../modules/metallb/src/packet/heartbeat.ts';
import { ip } from '../support/addresses.ts';
import { dutyOf } from '../support/duty-arbitraries.ts';

const DUTY = dutyOf('192.0.2.10', { group: 'g', preferredNode: 'n2', probing: 'none' });
const HERE: NodeView = {
  present: true,
  state: 'eligible',
  failedGates: { dataplane: false, reachability: false },
};

function member(node: string, more: Partial<Member> = {}): Member {
  return { node, excluded: false, ready: 'ready', ...more };
}

function group(...members: Member[]): Group {
  return { id: 'g', interfaces: [], members };
}

function view(
  nodes: Record<string, Partial<NodeView>>,
  statically: readonly string[] = [],
): SegmentView {
  return {
    isInSubnetOf: () => true,
    electsStatically: (name) => statically.includes(name),
    node: (name) => (nodes[name] === undefined ? undefined : { ...HERE, ...nodes[name] }),
  };
}

const ALL = { n1: {}, n2: {}, n3: {} };
const EVERYBODY = ['n1', 'n2', 'n3'];
const THREE = group(member('n1'), member('n2'), member('n3'));

const rows: {
  name: string;
  duty?: Partial<Duty>;
  group?: Group;
  view?: SegmentView;
  latecomers?: readonly string[];
  first: string | undefined;
}[] = [
  { name: 'the preferred node', first: 'n2' },
  {
    name: 'the preferred node, whoever announced last',
    duty: { lastAnnouncer: 'n1' },
    first: 'n2',
  },
  {
    name: 'somebody else, if the preferred node can not know the IP',
    latecomers: ['n2'],
    first: 'n3',
  },
  {
    name: 'a latecomer, if there is nobody else',
    group: group(member('n2')),
    latecomers: ['n2'],
    first: 'n2',
  },
  {
    name: 'whoever knows the IP, also without an endpoint',
    duty: { localEndpoints: { n2: 0, n3: 0 } },
    latecomers: ['n2', 'n3'],
    first: 'n1',
  },
  {
    name: 'without a preferred node the lowest sha256(node#ip), as MetalLB',
    duty: { preferredNode: undefined, ip: ip('192.0.2.13') },
    first: 'n3',
  },
  { name: 'not a node that is not heard', view: view({ n1: {}, n3: {} }), first: 'n3' },
  {
    name: 'not a node that is leaving',
    view: view({ ...ALL, n2: { present: false } }),
    first: 'n3',
  },
  {
    name: 'not a node that holds down while another is well',
    view: view({ ...ALL, n2: { state: 'holding-down' } }),
    first: 'n3',
  },
  {
    name: 'a node that holds down when everybody does',
    view: view({ n2: { state: 'holding-down' }, n3: { state: 'holding-down' } }),
    first: 'n2',
  },
  {
    name: 'not a node that the API has called not ready for a minute',
    group: group(member('n1'), member('n2', { ready: 'not-ready' }), member('n3')),
    first: 'n3',
  },
  {
    name: 'not an excluded node',
    group: group(member('n1'), member('n2', { excluded: true }), member('n3')),
    first: 'n3',
  },
  {
    name: 'an excluded node when all are',
    group: group(member('n2', { excluded: true }), member('n3', { excluded: true })),
    first: 'n2',
  },
  {
    name: 'policy Local: a node with ready endpoints before the preferred one',
    duty: { localEndpoints: { n1: 0, n2: 1 } },
    first: 'n1',
  },
  {
    name: 'policy Local: serving while terminating before none',
    duty: { localEndpoints: { n3: 1 } },
    first: 'n3',
  },
  {
    name: 'policy Local: where nobody has endpoints, the last announcer stays',
    duty: { localEndpoints: {}, lastAnnouncer: 'n1' },
    first: 'n1',
  },
  {
    name: 'failback withheld: the last announcer instead of the preferred node',
    duty: { failback: 'withheld', lastAnnouncer: 'n1' },
    first: 'n1',
  },
  {
    name: 'a failed dataplane weighs more than not ready',
    group: group(member('n2', { ready: 'not-ready' }), member('n3')),
    view: view({ n2: {}, n3: { failedGates: { dataplane: true, reachability: false } } }),
    first: 'n2',
  },
  {
    name: 'static: a node that was never heard, if the API does not call it dead',
    view: view({ n1: {} }, EVERYBODY),
    first: 'n2',
  },
  {
    name: 'static: not a node that the API calls not ready',
    group: group(member('n1'), member('n2', { ready: 'not-ready' })),
    view: view({ n1: {} }, EVERYBODY),
    first: 'n1',
  },
  {
    name: 'static: not a node that was asked for and is silent',
    view: view({ n1: {}, n2: { present: false } }, EVERYBODY),
    first: 'n3',
  },
  {
    name: 'with another key: whom its own static election gives the IP',
    view: view({ n1: {}, n3: {} }, ['n2']),
    first: 'n2',
  },
  {
    name: 'with another key: not a node that the API calls not ready',
    group: group(member('n1'), member('n2', { ready: 'not-ready' }), member('n3')),
    view: view({ n1: {}, n3: {} }, ['n2']),
    first: 'n3',
  },
  {
    name: 'with another key: not a node that was asked for and is silent',
    view: view({ n1: {}, n2: { present: false }, n3: {} }, ['n2']),
    first: 'n3',
  },
  {
    name: 'with another key: nobody else for the IP of a peer that is gone',
    view: view({ n1: {} }, ['n3']),
    first: 'n1',
  },
  {
    name: 'with another key: nobody else for the IP of a peer that is leaving',
    view: view({ n1: {}, n2: { present: false } }, ['n3']),
    first: 'n1',
  },
  { name: 'nobody when nobody is there', view: view({}), first: undefined },
];

for (const row of rows) {
  test(`elects ${row.name}`, () => {
    const electorate = new Electorate(row.group ?? THREE, row.view ?? view(ALL));
    const latecomers = row.latecomers && new Set(row.latecomers);
    const ranking = electorate.rank({ ...DUTY, ...row.duty }, latecomers);
    assert.is(ranking.winner, row.first);
  });
}

const names = ['n1', 'n2', 'n3', 'n4'];
const views = fc.dictionary(
  fc.constantFrom(...names),
  fc.record({
    present: fc.boolean(),
    state: fc.constantFrom(...NODE_STATES),
    failedGates: fc.record({ dataplane: fc.boolean(), reachability: fc.boolean() }),
  }),
);
const members = fc.subarray(names).chain((subset) =>
  fc.tuple(
    ...subset.map((node) =>
      fc.record({
        node: fc.constant(node),
        excluded: fc.boolean(),
        ready: fc.constantFrom('ready' as const, 'not-ready' as const, 'unknown' as const),
      }),
    ),
  ),
);

test('the order of members does not matter, and nobody who is there is left out but for the label', () => {
  fc.assert(
    fc.property(views, members, (seen, list) => {
      const ranking = new Electorate(group(...list), view(seen)).rank(DUTY);
      const ranked = [...ranking];
      assert.is(ranking.winner, ranked[0]);
      const reversed = new Electorate(group(...list.toReversed()), view(seen)).rank(DUTY);
      assert.equal([...reversed], ranked);
      const present = list.filter(({ node }) => seen[node]?.present);
      const included = present.filter(({ excluded }) => !excluded);
      const expected = included.length > 0 ? included : present;
      assert.equal(ranked.sort(), expected.map(({ node }) => node).sort());
    }),
  );
});

const duties = fc.record(
  {
    preferredNode: fc.option(fc.constantFrom(...names), { nil: undefined }),
    lastAnnouncer: fc.option(fc.constantFrom(...names), { nil: undefined }),
    localEndpoints: fc.option(
      fc.dictionary(fc.constantFrom(...names), fc.constantFrom(0 as const, 1 as const)),
      { nil: undefined },
    ),
    failback: fc.constantFrom('allowed' as const, 'withheld' as const),
  },
  { noNullPrototype: true },
);

/** Design.md §7 "Election", said as simply as possible. */
function naiveOrder(duty: Duty, list: readonly Member[], seen: Record<string, NodeView>): string[] {
  const present = list.filter(({ node }) => seen[node]?.present);
  const included = present.filter(({ excluded }) => !excluded);
  const candidates = included.length > 0 ? included : present;
  const local = ({ node }: Member) => duty.localEndpoints?.[node] ?? 2;
  const nobodyServes = candidates.every((one) => local(one) === 2);
  const stays = (nobodyServes && duty.localEndpoints) || duty.failback === 'withheld';
  const preferred = (stays ? duty.lastAnnouncer : undefined) ?? duty.preferredNode;
  const key = (one: Member) => {
    const { failedGates, state } = seen[one.node] ?? {};
    const gates = [failedGates?.dataplane, failedGates?.reachability];
    const rest = [one.ready === 'not-ready', state === 'holding-down', one.node !== preferred];
    const digest = createHash('sha256').update(`${one.node}#${duty.ip}`).digest('hex');
    const serves = duty.localEndpoints ? local(one) : 0;
    return [serves, ...[...gates, ...rest].map(Number), digest].join();
  };
  return candidates
    .map((one) => [key(one), one.node] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, node]) => node);
}

test('the order is the one of the design', () => {
  fc.assert(
    fc.property(duties, views, members, (duty, seen, list) => {
      const ranking = new Electorate(group(...list), view(seen)).rank({ ...DUTY, ...duty });
      assert.equal([...ranking], naiveOrder({ ...DUTY, ...duty }, list, seen));
    }),
    { numRuns: 1_000 },
  );
});

test('however keys are spread over living nodes, one of them takes the IP', () => {
  const keys = fc.tuple(...names.map(() => fc.nat({ max: 2 })));
  const alive = members.filter(({ length }) => length > 0);
  fc.assert(
    fc.property(duties, alive, keys, (duty, list, keyOf) => {
      const inService = list.map((one) => ({ ...one, ready: 'ready' as const }));
      const key = (node: string) => keyOf[names.indexOf(node)];
      const winners = inService.filter(({ node: self }) => {
        const heard = inService.filter(({ node }) => key(node) === key(self));
        const strangers = inService.filter(({ node }) => key(node) !== key(self));
        const statically = heard.length === 1 ? inService : strangers;
        const seen = view(
          Object.fromEntries(heard.map(({ node }) => [node, {}])),
          statically.map(({ node }) => node),
        );
        return new Electorate(group(...inService), seen).rank({ ...DUTY, ...duty }).winner === self;
      });
      assert.is(winners.length, 1);
    }),
  );
});

const SILENT: Role = { kind: 'silent' };
const ANNOUNCING: Role = { kind: 'announcing' };
const roles: [
  string,
  Role,
  {
    state?: (typeof NODE_STATES)[number];
    ranked: string[];
    member?: boolean;
    restarting?: string;
    hearsay?: string;
  },
  Role,
][] = [
  ['the winner announces', SILENT, { ranked: ['me', 'n2'] }, ANNOUNCING],
  ['the others are silent', SILENT, { ranked: ['n2', 'me'] }, SILENT],
  [
    'the loser goes on until the winner is seen',
    ANNOUNCING,
    { ranked: ['n2', 'me'] },
    { kind: 'yielding', to: 'n2' },
  ],
  [
    'a leaver goes on until its successor is seen',
    ANNOUNCING,
    { state: 'leaving', ranked: ['n2'] },
    { kind: 'yielding', to: 'n2' },
  ],
  [
    'nobody waits for the announcement of a node that is not heard here',
    ANNOUNCING,
    { ranked: ['n2'], hearsay: 'n2' },
    SILENT,
  ],
  [
    'but a leaver, of whose leaving that node has not heard either',
    ANNOUNCING,
    { state: 'leaving', ranked: ['n2'], hearsay: 'n2' },
    { kind: 'yielding', to: 'n2' },
  ],
  ['a leaver without successor goes on', ANNOUNCING, { state: 'leaving', ranked: [] }, ANNOUNCING],
  [
    'a node that no longer belongs to the group goes on until its successor is seen',
    ANNOUNCING,
    { member: false, ranked: ['n2'] },
    { kind: 'yielding', to: 'n2' },
  ],
  [
    'a node that no longer belongs to the group goes on while nobody does',
    ANNOUNCING,
    { member: false, ranked: [] },
    ANNOUNCING,
  ],
  ['it takes nothing up', SILENT, { member: false, ranked: [] }, SILENT],
  ['a member that nobody hears stops', ANNOUNCING, { ranked: [] }, SILENT],
  [
    'a node that starts anew stops at once',
    ANNOUNCING,
    { state: 'starting', ranked: ['n2'] },
    SILENT,
  ],
  [
    'the successor of a restarting node covers for it',
    SILENT,
    { ranked: ['n2', 'me'], restarting: 'n2' },
    { kind: 'covering', node: 'n2' },
  ],
  [
    'only the first successor does',
    SILENT,
    { ranked: ['n2', 'n3', 'me'], restarting: 'n2' },
    SILENT,
  ],
];

for (const [name, before, { state = 'eligible', member = true, ...rest }, after] of roles) {
  test(name, () => {
    const ranking = new Ranking(
      rest.ranked.map((node) => [node]),
      undefined,
      DUTY.ip,
    );
    const isRestarting = (node: string) => node === rest.restarting;
    const isHearsay = (node: string) => node === rest.hearsay;
    const standing = { self: 'me', state, member, isRestarting, isHearsay };
    assert.equal(nextRole(before, ranking, standing), after);
  });
}

test.run();
