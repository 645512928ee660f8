import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  noCommonInterface,
  type Sharer,
  sharedInterfaces,
} from '../../modules/metallb/src/duty/shared-interfaces.ts';
import { ip } from '../support/addresses.ts';

const sharer = (child: string, className: string, ...interfaces: string[]): Sharer => ({
  child,
  className,
  interfaces,
});

const rows: [string, Sharer[], readonly string[] | undefined][] = [
  ['nobody limits', [sharer('a', 'x'), sharer('b', 'y')], []],
  ['one limits', [sharer('a', 'x'), sharer('b', 'y', 'eth0')], ['eth0']],
  [
    'two allow one in common',
    [sharer('a', 'x', 'eth0', 'eth1'), sharer('b', 'y', 'eth1')],
    ['eth1'],
  ],
  ['two allow none in common', [sharer('a', 'x', 'eth0'), sharer('b', 'y', 'eth1')], undefined],
  [
    'each pair has one in common and all three have none',
    [sharer('a', 'x', '1', '2'), sharer('b', 'y', '2', '3'), sharer('c', 'z', '3', '1')],
    undefined,
  ],
];
for (const [name, sharers, expected] of rows) {
  test(`shared interfaces where ${name}`, () => assert.equal(sharedInterfaces(sharers), expected));
}

test('the sentence names the IP, who shares it, on what, and what would be right', () => {
  const sharers = [
    sharer('default/b', 'inner', 'eth1', 'eth2'),
    sharer('default/c', 'outer', 'eth9'),
    sharer('default/a', 'inner', 'eth1', 'eth2'),
    sharer('default/d', 'wide'),
  ];
  assert.is(
    noCommonInterface(ip('192.0.2.1'), sharers),
    'nobody answers for 192.0.2.1, as those who share it have no interface in common (default/a and default/b by MetalLoadBalancerClass inner on eth1, eth2; default/c by MetalLoadBalancerClass outer on eth9; default/d by MetalLoadBalancerClass wide on every interface): name a common one in spec.l2.interfaces of these classes, or give their Services different addresses or sharing keys',
  );
});

test.run();
