import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  boolean,
  integer,
  linkLocalGroup,
  loadBalancerClass,
  namespacedName,
  namespaces,
  oneOf,
  patterns,
  socketAddress,
  socketAddressOrOff,
  storeAddress,
  text,
} from '../../modules/metallb/src/settings/kinds.ts';
import type { Setting } from '../../modules/metallb/src/settings/settings.ts';

const told = { description: 'x' };
const number = integer({ ...told, minimum: 2, maximum: 20 });
const address = socketAddress(told);
const addressOrOff = socketAddressOrOff(told);
const group = linkLocalGroup(told);
const store = storeAddress(told);
const list = patterns(told);
const yes = boolean(told);
const lbClass = loadBalancerClass(told);
const spaces = namespaces(told);
const object = namespacedName(told);
const word = oneOf({ ...told, words: ['debug', 'info'] });

const ACCEPTED: readonly (readonly [Setting<unknown>, string, unknown])[] = [
  [text({ ...told, maxLength: 3 }), 'abc', 'abc'],
  [number, '2', 2],
  [number, '20', 20],
  [word, 'info', 'info'],
  [address, '127.0.0.1:7476', { host: '127.0.0.1', port: 7476 }],
  [address, '[::1]:0', { host: '::1', port: 0 }],
  [address, 'localhost:65535', { host: 'localhost', port: 65_535 }],
  [addressOrOff, '[::]:9443', { host: '::', port: 9443 }],
  [addressOrOff, 'off', undefined],
  [group, 'FF02::0001', 'ff02::1'],
  [group, '224.0.0.18', '224.0.0.18'],
  [store, 'kubernetes', { kind: 'kubernetes' }],
  [store, 'manifests:/etc/x:y', { kind: 'manifests', directory: '/etc/x:y' }],
  [yes, 'true', true],
  [yes, 'false', false],
  [lbClass, '', undefined],
  [lbClass, 'metallb', 'metallb'],
  [lbClass, 'example.com/Metal_LB.1', 'example.com/Metal_LB.1'],
  [spaces, 'metallb-system', ['metallb-system']],
  [spaces, 'b, a,b,c', ['b', 'a', 'c']],
  [object, '', undefined],
  [object, 'metallb-system/config.v2', { namespace: 'metallb-system', name: 'config.v2' }],
  [list, '', []],
  [list, '^lo$, ^veth', [/^lo$/u, /^veth/u]],
];
for (const [setting, given, value] of ACCEPTED) {
  test(`"${given}" is ${JSON.stringify(value)}`, () => {
    assert.equal(setting.parse(given), { value });
  });
}

const REFUSED: readonly (readonly [Setting<unknown>, string, RegExp])[] = [
  [text({ ...told, maxLength: 3 }), 'abcd', /1 to 3 characters/],
  [text(told), '', /characters/],
  ...['1', '21', '', '-3', '3.5', '1e1', '0x3', ' 3'].map(
    (given) => [number, given, /whole number from 2 to 20/] as const,
  ),
  [word, 'INFO', /debug, info/],
  ...['', '7476', ':7476', '127.0.0.1', '::1:7476', '[::1]', 'a:65536', '[]:1'].map(
    (given) => [address, given, /HOST:PORT/] as const,
  ),
  [addressOrOff, 'none', /HOST:PORT.*, or off$/],
  ...['ff05::1', '224.0.1.1', '10.0.0.1', 'fe80::1', 'x'].map(
    (given) => [group, given, /multicast group/] as const,
  ),
  ...['', 'manifests', 'manifests:', '/etc'].map(
    (given) => [store, given, /manifests:DIRECTORY or kubernetes/] as const,
  ),
  ...['', 'yes', 'True', '1'].map((given) => [yes, given, /true or false/] as const),
  ...['a b', '/a', 'a/', 'A.com/b', 'a/b/c', '-a'].map(
    (given) => [lbClass, given, /load balancer class such as/] as const,
  ),
  ...['', 'a,,b', 'A', 'a/b', 'a.b', 'x'.repeat(64)].map(
    (given) => [spaces, given, /namespaces separated by commas/] as const,
  ),
  ...['config', 'a/', '/b', 'a/b/c', 'a/B', 'a.b/c', 'a/b..c', `a/${'b'.repeat(254)}`].map(
    (given) => [object, given, /NAMESPACE\/NAME/] as const,
  ),
  [list, '^(', /regular expressions/],
  // Its comma would make two expressions of it that match nothing.
  [list, '^eth[0-9]{1,2}$', /regular expressions separated by commas/],
];
for (const [setting, given, problem] of REFUSED) {
  test(`"${given}" is refused with ${problem}`, () => {
    const parsed = setting.parse(given);
    assert.match('problem' in parsed ? parsed.problem : 'accepted', problem);
  });
}

test.run();
