import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { IpCommandError } from '../../modules/metallb/src/linux/ip-command.ts';
import { parseNeighbours } from '../../modules/metallb/src/linux/neighbours.ts';

/** Recorded from `ip -6 -json neigh show nud all` of iproute2 6.1, accept_ra 0, after advertisements of Linux and of BIRD, which sends
 * no link-layer address; the last by hand. */
const RECORDED =
  '[{"dst":"fe80::ff:fe00:77","dev":"ea","lladdr":"02:00:00:00:00:77","router":null,"state":["STALE"]},' +
  '{"dst":"fe80::7c48:1eff:fec2:de9c","dev":"eb","lladdr":"7e:48:1e:c2:de:9c","state":["REACHABLE"]},' +
  '{"dst":"ff02::2","dev":"ea","lladdr":"33:33:00:00:00:02","state":["NOARP"]},' +
  '{"dst":"fe80::84e3:59ff:fe2f:9905","dev":"ea","router":null},' +
  '{"dst":"fe80::9","dev":"eb","state":["FAILED"]}]\n';

test('who has said that it is a router, and how the kernel has found it to be', () => {
  assert.equal(parseNeighbours(RECORDED), [
    { ip: 'fe80::ff:fe00:77', interface: 'ea', isRouter: true, state: 'STALE' },
    { ip: 'fe80::7c48:1eff:fec2:de9c', interface: 'eb', isRouter: false, state: 'REACHABLE' },
    { ip: 'ff02::2', interface: 'ea', isRouter: false, state: 'NOARP' },
    { ip: 'fe80::84e3:59ff:fe2f:9905', interface: 'ea', isRouter: true, state: '' },
    { ip: 'fe80::9', interface: 'eb', isRouter: false, state: 'FAILED' },
  ]);
});

test('nobody, in both ways of saying so', () => {
  assert.equal([parseNeighbours('[]\n'), parseNeighbours('')], [[], []]);
});

test('what is no list is refused', () => {
  assert.throws(
    () => parseNeighbours('Error: unknown'),
    (error: unknown) => error instanceof IpCommandError,
  );
});

test.run();
