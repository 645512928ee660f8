import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Place } from '../../modules/metallb/src/wire/place.ts';
import { ip, mac } from '../support/addresses.ts';
import { dutyOf } from '../support/duty-arbitraries.ts';

const EXCLUDED = [/^docker/, /^cali/];

function placeOf(name: string, ...subnets: string[]): Place {
  const link = { name, mac: mac('02:00:00:00:00:01'), addresses: [], linkLocal: undefined };
  return new Place({ ...link, subnets }, EXCLUDED);
}

const names: [interfaces: readonly string[], name: string, isFor: boolean][] = [
  [[], 'eth0', true],
  [['eth0'], 'eth0', true],
  [['eth1'], 'eth0', false],
  [[], 'docker0', false],
  [[], 'cali1234', false],
  [['docker0'], 'docker0', true],
  [['eth0'], 'docker0', false],
];
for (const [interfaces, name, isFor] of names) {
  test(`a duty for ${interfaces.join() || 'any interface'} on ${name}: ${isFor}`, () => {
    assert.is(placeOf(name).isFor(dutyOf('192.0.2.10', { interfaces }), undefined), isFor);
  });
}

const ofGroups: [
  duty: readonly string[],
  group: readonly string[],
  name: string,
  isFor: boolean,
][] = [
  [[], ['eth1'], 'eth1', true],
  [[], ['eth1'], 'eth0', false],
  [[], ['docker0'], 'docker0', true],
  [[], [], 'docker0', false],
  [['eth0'], ['eth0', 'eth1'], 'eth1', false],
];
for (const [interfaces, group, name, isFor] of ofGroups) {
  const limits = `${interfaces.join() || 'any interface'}, its group for ${group.join() || 'any'}`;
  test(`a duty for ${limits} on ${name}: ${isFor}`, () => {
    const duty = dutyOf('192.0.2.10', { interfaces });
    assert.is(placeOf(name).isFor(duty, { interfaces: group }), isFor);
  });
}

const subnets: [address: string, written: readonly string[], isFor: boolean][] = [
  ['10.9.0.40', ['10.9.0.1/24'], true],
  ['10.10.0.40', ['10.9.0.1/24'], false],
  ['10.10.0.40', ['10.9.0.1/24', '10.10.0.1/16'], true],
  ['10.9.0.40', ['10.9.0.1/32'], false],
  ['10.9.0.40', [], false],
  ['2001:db8:2::40', ['10.9.0.1/24', '2001:db8:2::1/64'], true],
  ['2001:db8:3::40', ['10.9.0.1/24', '2001:db8:2::1/64'], false],
];
for (const [address, written, isFor] of subnets) {
  test(`${address} by subnet on an interface with ${written.join() || 'nothing'}: ${isFor}`, () => {
    const place = placeOf('eth0', ...written);
    assert.is(place.isFor(dutyOf(address, { bySubnet: true }), undefined), isFor);
    assert.ok(place.isFor(dutyOf(address), undefined), 'without the limit it is');
  });
}

test('others are in the subnet of an IP when they have an address of that subnet', () => {
  const place = placeOf('eth0', '10.9.0.1/24', '10.10.0.1/24');
  const among = (...addresses: string[]) => place.sharesSubnet(ip('10.9.0.40'), addresses.map(ip));
  assert.ok(among('fe80::2', '10.9.0.2'));
  assert.not.ok(among('10.10.0.2'));
  assert.not.ok(among());
});

test('it tells when its subnets have changed', () => {
  const place = placeOf('eth0', '10.9.0.1/24');
  assert.not.ok(place.setLink({ subnets: ['10.9.0.1/24'] }));
  assert.ok(place.setLink({ subnets: ['10.10.0.1/24'] }));
  assert.ok(place.isInSubnet(ip('10.10.0.9')));
  assert.not.ok(place.isInSubnet(ip('10.9.0.9')));
});

test.run();
