import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Allocator } from '../../modules/metallb/src/ipam/allocator.ts';
import { claimOf, ipsOf, poolOf } from '../support/ipam.ts';

const IPV4_POOL = poolOf('p', '192.0.2.1-192.0.2.2');
const DUAL_POOL = poolOf('p', '192.0.2.1-192.0.2.2, 2001:db8::1-2001:db8::2');

test('an assignment outlives its pool, says so, and is at home again when the pool returns', () => {
  const allocator = new Allocator();
  allocator.setPools([IPV4_POOL]);
  allocator.assign(claimOf('a'), 0);
  for (const [pools, outsidePool, total] of [
    [[poolOf('p', '192.0.2.2')], '192.0.2.1', 1n],
    [[], '192.0.2.1', 0n],
    [[IPV4_POOL], '', 2n],
  ] as const) {
    assert.equal(allocator.setPools(pools).changedPools, ['p']);
    const { kind, assignment } = allocator.assign(claimOf('a'), 0);
    assert.is(kind, 'assigned');
    assert.equal(assignment.ips, ipsOf('192.0.2.1'));
    assert.is(assignment.outsidePool.join(), outsidePool);
    assert.is(allocator.usage('p').total, total);
    assert.is(allocator.usage('p').used, outsidePool === '' ? 1n : 0n);
  }
  assert.equal(allocator.assign(claimOf('b'), 0).assignment.ips, ipsOf('192.0.2.2'));
});

test('a pool that reassigns takes back what it does not cover any more, also where it has no other', () => {
  const allocator = new Allocator();
  allocator.setPools([IPV4_POOL]);
  allocator.assign(claimOf('a'), 0);
  for (const [range, reassigns, holds] of [
    ['192.0.2.2', false, '192.0.2.1'],
    ['192.0.2.2', true, '192.0.2.2'],
    ['192.0.2.2-192.0.2.3', true, '192.0.2.2'],
    ['192.0.2.3', true, '192.0.2.3'],
  ] as const) {
    allocator.setPools([poolOf('p', range, { reassigns })]);
    assert.is(allocator.assign(claimOf('a'), 0).assignment.ips.join(), holds);
  }
  allocator.setPools([]);
  assert.is(allocator.assign(claimOf('a'), 0).assignment.ips.join(), '192.0.2.3', 'the pool went');
  allocator.setPools([poolOf('p', '2001:db8::1', { reassigns: true })]);
  const refused = allocator.assign(claimOf('a'), 0);
  assert.equal([refused.kind, refused.assignment.ips], ['refused', []]);
  assert.is(allocator.assignmentOf('a'), undefined);
});

test('a requested address that is taken back is refused from then on', () => {
  const allocator = new Allocator();
  const claim = claimOf('a', { requested: ipsOf('192.0.2.1') });
  allocator.setPools([IPV4_POOL]);
  allocator.assign(claim, 0);
  allocator.setPools([poolOf('p', '192.0.2.2', { reassigns: true })]);
  const outcome = allocator.assign(claim, 0);
  assert.is(outcome.kind === 'refused' && outcome.reason, 'requested-ip-not-in-pool');
  assert.equal(outcome.assignment.ips, []);
});

test('a range that passes to another pool takes nobody along', () => {
  const allocator = new Allocator();
  allocator.setPools([poolOf('p', '192.0.2.1-192.0.2.2'), poolOf('q', '192.0.2.9')]);
  for (const poolNamedByOwner of [true, false]) {
    allocator.assign(claimOf(`${poolNamedByOwner}`, { poolNamedByOwner }), 0);
  }
  allocator.setPools([poolOf('p', '192.0.2.5'), poolOf('q', '192.0.2.1-192.0.2.2')]);
  for (const poolNamedByOwner of [true, false]) {
    const claim = claimOf(`${poolNamedByOwner}`, { poolNamedByOwner });
    const { ips, outsidePool } = allocator.assign(claim, 0).assignment;
    assert.equal(ips, ipsOf(poolNamedByOwner ? '192.0.2.1' : '192.0.2.2'));
    assert.equal(outsidePool, ips);
  }
});

test('a pool that overlaps one in force is refused, and the other serves on', () => {
  const allocator = new Allocator();
  allocator.setPools([IPV4_POOL]);
  const { problems, changedPools } = allocator.setPools([
    poolOf('newcomer', '192.0.2.2-192.0.2.9'),
    IPV4_POOL,
  ]);
  assert.is(problems.length, 1);
  assert.equal(changedPools, []);
  assert.is(allocator.assign(claimOf('a', { pools: ['newcomer'] }), 0).kind, 'refused');
  assert.is(allocator.assign(claimOf('a'), 0).kind, 'assigned');
});

test('a released address rests for 60 s, unless nothing else is left', () => {
  const allocator = new Allocator();
  allocator.setPools([poolOf('p', '192.0.2.1-192.0.2.3')]);
  for (const owner of ['a', 'b', 'c']) allocator.assign(claimOf(owner), 0);
  assert.equal(allocator.release('b', 1_000), ['p']);
  assert.equal(allocator.release('a', 2_000), ['p']);
  assert.equal(allocator.release('a', 2_000), []);
  const next = (owner: string, now: number) =>
    allocator.assign(claimOf(owner), now).assignment.ips.join();
  assert.is(next('d', 3_000), '192.0.2.2', 'the longest released');
  allocator.release('c', 4_000);
  assert.is(next('e', 62_000), '192.0.2.1', 'released 60 s ago');
  assert.is(next('f', 62_000), '192.0.2.3');
});

test('a sharer that gives up a port lets the next one in, and says where', () => {
  const allocator = new Allocator();
  allocator.setPools([poolOf('p', '192.0.2.1')]);
  const sharing = { key: 'dns', backend: '', ports: ['TCP/53', 'UDP/53'] };
  const waiting = claimOf('b', { sharing: { ...sharing, ports: ['UDP/53'] } });
  allocator.assign(claimOf('a', { sharing }), 0);
  assert.is(allocator.assign(waiting, 0).kind, 'refused');
  assert.equal(
    allocator.assign(claimOf('a', { sharing: { ...sharing, ports: ['TCP/53'] } }), 0).freedPools,
    ['p'],
  );
  assert.is(allocator.assign(waiting, 0).kind, 'assigned');
});

test('the first to adopt an address wins, and the second is told who has it', () => {
  const allocator = new Allocator();
  const ips = ipsOf('203.0.113.9');
  assert.is(allocator.adopt(claimOf('ns/first'), ips).kind, 'assigned');
  const second = allocator.adopt(claimOf('ns/second'), ips);
  assert.is(
    second.kind === 'refused' ? second.sentence : undefined,
    'address 203.0.113.9 is used by ns/first, which does not share it',
  );
  assert.equal(second.assignment.ips, []);
  assert.equal(allocator.assignmentOf('ns/first'), { ips, outsidePool: ips });
  assert.is(allocator.assignmentOf('ns/second'), undefined);
});

test('a refusal of one adopted address leaves the other untouched', () => {
  const allocator = new Allocator();
  allocator.setPools([DUAL_POOL]);
  allocator.adopt(claimOf('a'), ipsOf('192.0.2.1'));
  const refused = allocator.adopt(claimOf('b'), ipsOf('2001:db8::1, 192.0.2.1'));
  assert.is(refused.kind, 'refused');
  assert.is(allocator.usage('p').used, 1n);
});

test('a /64 is a pool like any other', () => {
  const allocator = new Allocator();
  allocator.setPools([poolOf('p', '2001:db8::/64')]);
  const claim = claimOf('a', { families: ['IPv6'] });
  assert.equal(allocator.assign(claim, 0).assignment.ips, ipsOf('2001:db8::'));
  const { total, used, families } = allocator.usage('p');
  assert.equal({ total, used }, { total: 1n << 64n, used: 1n });
  assert.equal(families.IPv6, { total, used });
  assert.equal(families.IPv4, { total: 0n, used: 0n });
});

test.run();
