import fc, { type Arbitrary } from 'fast-check';
import {
  type Duty,
  type DutyTable,
  type Group,
  type Member,
  REACHES,
} from '../../modules/metallb/src/duty/duty.ts';
import { ip } from './addresses.ts';

/** A duty without anything special about it. */
export function dutyOf(address: string, overrides: Partial<Duty> = {}): Duty {
  return {
    ip: ip(address),
    group: 'ingress',
    interfaces: [],
    bySubnet: false,
    preferredNode: 'n1',
    localEndpoints: undefined,
    lastAnnouncer: undefined,
    probing: 'optimistic',
    since: 0,
    forced: false,
    failback: 'allowed',
    recentMoves: 0,
    lastMoveEpochMs: 0,
    ...overrides,
  };
}

/** Plain objects, as the product's own; fast-check's default has them without prototype now and then. */
function record<T>(fields: { [Key in keyof T]: Arbitrary<T[Key]> }): Arbitrary<T> {
  return fc.record(fields, { noNullPrototype: true });
}

const node = fc.constantFrom('n1', 'n2', 'n3');
const groupId = fc.constantFrom('ingress', 'media');

const duty: Arbitrary<Duty> = record({
  ip: fc.integer({ min: 1, max: 9 }).map((last) => ip(`192.0.2.${last}`)),
  group: groupId,
  interfaces: fc.uniqueArray(fc.constantFrom('eth0', 'eth1')),
  bySubnet: fc.boolean(),
  preferredNode: fc.option(node, { nil: undefined }),
  localEndpoints: fc.option(
    fc.dictionary(node, fc.constantFrom<0 | 1>(0, 1), { noNullPrototype: true }),
    { nil: undefined },
  ),
  lastAnnouncer: fc.option(node, { nil: undefined }),
  probing: fc.constantFrom('none', 'optimistic', 'full'),
  since: fc.nat(),
  forced: fc.boolean(),
  failback: fc.constantFrom('allowed', 'withheld'),
  recentMoves: fc.nat(4),
  lastMoveEpochMs: fc.nat(),
});

const group: Arbitrary<Group> = record({
  id: groupId,
  interfaces: fc.uniqueArray(fc.constantFrom('eth0', 'eth1')),
  members: fc.uniqueArray(
    fc
      .tuple(
        record({
          node,
          excluded: fc.boolean(),
          ready: fc.constantFrom<Member['ready']>('ready', 'not-ready', 'unknown'),
        }),
        fc.nat(2),
      )
      .map(([known, weight]): Member => (weight === 0 ? known : { ...known, weight })),
    { selector: (member) => member.node },
  ),
});

/** Any table of up to nine duties, dense enough for two of them to share most keys. */
export const dutyTable: Arbitrary<DutyTable> = record({
  duties: fc.uniqueArray(duty, { selector: (value) => value.ip }),
  groups: fc.uniqueArray(group, { selector: (value) => value.id }),
  pools: fc.uniqueArray(fc.constantFrom('192.0.2.0-192.0.2.9', '198.51.100.1')),
  draining: fc.boolean(),
  dataplaneFailed: fc.boolean(),
  reachability: fc.dictionary(fc.constantFrom('eth0', 'eth1', '*'), fc.constantFrom(...REACHES), {
    noNullPrototype: true,
  }),
  revision: fc.nat(),
}).map((table) => ({
  ...table,
  duties: new Map(table.duties.map((value) => [value.ip, value])),
  groups: new Map(table.groups.map((value) => [value.id, value])),
}));

/** A table as a plain value, for comparison. */
export function plain(table: DutyTable): unknown {
  const { pools, draining, dataplaneFailed, reachability, revision } = table;
  return {
    duties: Object.fromEntries([...table.duties].sort()),
    groups: Object.fromEntries([...table.groups].sort()),
    pools,
    draining,
    dataplaneFailed,
    reachability,
    revision,
  };
}
