import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { guardRules, readGuardRules } from '../../modules/metallb/src/linux/loop-guard.ts';
import { type IpRange, parseRange } from '../../modules/metallb/src/net/range.ts';

function pool(text: string): IpRange {
  const range = parseRange(text);
  if (typeof range === 'string') throw new Error(range);
  return range;
}

test('a range that is no CIDR becomes the few that cover exactly it, on each interface', () => {
  const pools = [pool('192.0.2.10-192.0.2.13'), pool('2001:db8::/64')];
  const rules = guardRules(['eth0', 'eth1'].map((name) => ({ interface: name, pools })));
  assert.equal(
    rules.map(({ family, interface: name, to }) => `${family} ${name} ${to}`),
    [
      'IPv4 eth0 192.0.2.10/31',
      'IPv4 eth0 192.0.2.12/31',
      'IPv6 eth0 2001:db8::/64',
      'IPv4 eth1 192.0.2.10/31',
      'IPv4 eth1 192.0.2.12/31',
      'IPv6 eth1 2001:db8::/64',
    ],
  );
});

test('a pool that is named twice takes one rule: the kernel refuses a second', () => {
  const twice = [pool('192.0.2.0/30'), pool('192.0.2.0-192.0.2.3')];
  assert.is(guardRules([{ interface: 'eth0', pools: twice }]).length, 1);
  const bothWays = twice.map((one) => ({ interface: 'eth0', pools: [one] }));
  assert.is(guardRules(bothWays).length, 1);
});

/** Recorded from `ip -json rule list` of iproute2 6.1. */
const RULES = JSON.stringify([
  { priority: 0, src: 'all', table: 'local' },
  { priority: 100, src: 'all', dst: '192.0.2.0', dstlen: 24, iif: 'eth0', action: 'unreachable' },
  { priority: 4225, src: 'all', dst: '192.0.2.0', dstlen: 24, iif: 'eth0', action: 'unreachable' },
  { priority: 4225, src: 'all', dst: '192.0.2.77', iif: 'eth0', action: 'unreachable' },
  { priority: 32766, src: 'all', table: 'main' },
]);

test('of all rules, those with our preference are ours', () => {
  assert.equal(
    readGuardRules('IPv4', RULES).map(({ to }) => to),
    ['192.0.2.0/24', '192.0.2.77/32'],
  );
});

test.run();
