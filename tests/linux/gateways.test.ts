import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseGateways } from '../../modules/metallb/src/linux/gateways.ts';
import { IpCommandError } from '../../modules/metallb/src/linux/ip-command.ts';

/** Recorded from `ip -4 -json route show default table all` and the same with -6, iproute2 6.1. */
const RECORDED: [name: string, output: string, gateways: Record<string, string[]>][] = [
  [
    'several tables, next hops of one route, a route without a gateway and one that refuses',
    '[{"dst":"default","gateway":"10.9.0.253","dev":"e0","table":"100","flags":[]},{"dst":"default","dev":"e1","table":"400","scope":"link","flags":[]},{"dst":"default","table":"200","flags":[],"nexthops":[{"gateway":"10.9.0.254","dev":"e0","weight":1,"flags":[]},{"gateway":"10.8.0.253","dev":"e1","weight":1,"flags":[]}]},{"type":"unreachable","dst":"default","table":"500","flags":[]},{"dst":"default","gateway":"10.9.0.254","dev":"e0","flags":[]},{"dst":"default","gateway":"10.8.0.254","dev":"e1","metric":100,"flags":[]}]\n',
    { e0: ['10.9.0.253', '10.9.0.254'], e1: ['10.8.0.253', '10.8.0.254'] },
  ],
  [
    'IPv6, a link-local gateway among them',
    '[{"dst":"default","gateway":"fe80::5","dev":"e1","table":"300","metric":1024,"flags":[],"pref":"medium"},{"dst":"default","gateway":"fd00:9::fe","dev":"e0","table":"100","metric":1024,"flags":[],"pref":"medium"},{"dst":"default","gateway":"fe80::1","dev":"e0","metric":1024,"flags":[],"pref":"medium"}]\n',
    { e1: ['fe80::5'], e0: ['fd00:9::fe', 'fe80::1'] },
  ],
  [
    'IPv4 by way of a gateway of IPv6',
    '[{"dst":"default","via":{"family":"inet6","host":"fe80::5"},"dev":"e0","flags":[]}]\n',
    { e0: ['fe80::5'] },
  ],
  ['no default route', '[]\n', {}],
  ['nothing at all', '', {}],
];
for (const [name, output, gateways] of RECORDED) {
  test(name, () => {
    assert.equal(Object.fromEntries(parseGateways(output)), gateways);
  });
}

test('what is no list is refused', () => {
  assert.throws(
    () => parseGateways('Error: unknown'),
    (error: unknown) => error instanceof IpCommandError,
  );
});

test.run();
