import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { dutyDigest, GroupDigests } from '../../modules/metallb/src/duty/digest.ts';
import type { Duty, Group, Member } from '../../modules/metallb/src/duty/duty.ts';
import { diffTables, LiveDutyTable } from '../../modules/metallb/src/duty/duty-table.ts';
import { dutyOf, dutyTable } from '../support/duty-arbitraries.ts';

const n1: Member = { node: 'n1', excluded: false, ready: 'ready' };
const n2: Member = { node: 'n2', excluded: false, ready: 'ready' };
const group: Group = { id: 'ingress', interfaces: [], members: [n1, n2] };
const duty = dutyOf('192.0.2.1', {
  interfaces: ['eth0', 'eth1'],
  localEndpoints: { n1: 0, n2: 1 },
});

const same: [string, Duty, Group][] = [
  ['members in another order', duty, { ...group, members: [n2, n1] }],
  ['interfaces in another order', { ...duty, interfaces: ['eth1', 'eth0'] }, group],
  ['endpoints in another order', { ...duty, localEndpoints: { n2: 1, n1: 0 } }, group],
  ['another last announcer', { ...duty, lastAnnouncer: 'n2', probing: 'none' }, group],
  ['another count of moves', { ...duty, recentMoves: 2, lastMoveEpochMs: 5 }, group],
  ['the IP forced', { ...duty, forced: true }, group],
  ['failback withheld', { ...duty, failback: 'withheld' }, group],
];
for (const [name, otherDuty, otherGroup] of same) {
  test(`digest stays the same with ${name}`, () => {
    assert.is(dutyDigest(otherDuty, otherGroup), dutyDigest(duty, group));
  });
}

const different: [string, Duty, Group | undefined][] = [
  ['another preferred node', { ...duty, preferredNode: 'n2' }, group],
  ['other interfaces', { ...duty, interfaces: ['eth0'] }, group],
  ['other endpoints', { ...duty, localEndpoints: { n1: 0 } }, group],
  ['policy Cluster', { ...duty, localEndpoints: undefined }, group],
  ['a member less', duty, { ...group, members: [n1] }],
  ['an excluded member', duty, { ...group, members: [n1, { ...n2, excluded: true }] }],
  ['a member not ready', duty, { ...group, members: [n1, { ...n2, ready: 'not-ready' }] }],
  ['a member of more weight', duty, { ...group, members: [n1, { ...n2, weight: 1 }] }],
  ['no group', duty, undefined],
];
for (const [name, otherDuty, otherGroup] of different) {
  test(`digest differs with ${name}`, () => {
    assert.is.not(dutyDigest(otherDuty, otherGroup), dutyDigest(duty, group));
  });
}

/** As the version before weights computed them: in a rolling update the two must not differ. */
test('digests without weights are those of all versions', () => {
  const members: Member[] = [n1, { node: 'n2', excluded: true, ready: 'not-ready' }];
  const known: Group = { id: 'ingress', interfaces: ['eth0'], members };
  const other = dutyOf('2001:db8::1');
  assert.is(dutyDigest(duty, known), '1762e8691b8433a3');
  assert.is(dutyDigest(duty, { ...known, interfaces: ['eth7'] }), '1762e8691b8433a3');
  assert.is(dutyDigest(other, known), 'a489065ff7b5efd9');
  assert.is(dutyDigest(duty, undefined), '333766abc5fd6e92');
  const live = new LiveDutyTable();
  live.apply([
    { set: 'group', group: known },
    { set: 'duty', duty },
    { set: 'duty', duty: other },
  ]);
  assert.is(new GroupDigests(live).digestOf('ingress'), '253a81105b1bb2b6');
});

test('a digest is eight bytes in hex', () => {
  assert.match(dutyDigest(duty, group), /^[0-9a-f]{16}$/);
  assert.match(new GroupDigests(new LiveDutyTable()).digestOf('ingress'), /^[0-9a-f]{16}$/);
});

test('digests of groups kept through changes equal those computed anew', () => {
  fc.assert(
    fc.property(fc.array(dutyTable, { minLength: 1, maxLength: 5 }), (tables) => {
      const live = new LiveDutyTable();
      const kept = new GroupDigests(live);
      for (const table of tables) kept.update(live.apply(diffTables(live, table)).ips);
      const anew = new GroupDigests(live);
      for (const id of ['ingress', 'media']) assert.is(kept.digestOf(id), anew.digestOf(id));
    }),
  );
});

test('the digest of a group changes with one of its duties and with its members, not with another group', () => {
  const live = new LiveDutyTable();
  const digests = new GroupDigests(live);
  const digestAfter = (...changes: Parameters<LiveDutyTable['apply']>[0]) => {
    digests.update(live.apply(changes).ips);
    return digests.digestOf('ingress');
  };
  const before = digestAfter({ set: 'group', group }, { set: 'duty', duty });
  assert.is(digestAfter({ set: 'duty', duty: dutyOf('192.0.2.2', { group: 'media' }) }), before);
  const moved = digestAfter({ set: 'duty', duty: { ...duty, preferredNode: 'n2' } });
  assert.is.not(moved, before);
  assert.is.not(digestAfter({ set: 'group', group: { ...group, members: [n1] } }), moved);
});

test.run();
