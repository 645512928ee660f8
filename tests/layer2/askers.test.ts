import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Askers } from '../../modules/metallb/src/layer2/askers.ts';
import { ip, mac } from '../support/addresses.ts';

const OUR_IP = ip('192.0.2.10');

function asker(number: number) {
  const low = (number & 0xff).toString(16).padStart(2, '0');
  const high = (number >> 8).toString(16).padStart(2, '0');
  return {
    mac: mac(`02:00:00:00:${high}:${low}`),
    ip: ip(`198.51.${number >> 8}.${number & 0xff}`),
  };
}

test('the latest asker comes first, each host once', () => {
  const askers = new Askers();
  for (const number of [1, 2, 3, 1]) askers.saw(OUR_IP, asker(number));
  assert.equal(askers.of(OUR_IP), [asker(1), asker(3), asker(2)]);
  assert.equal(askers.of(ip('192.0.2.11')), []);
});

test('a host that asks with another address is told at that one', () => {
  const askers = new Askers();
  askers.saw(OUR_IP, asker(1));
  askers.saw(OUR_IP, { ...asker(1), ip: ip('203.0.113.1') });
  assert.equal(askers.of(OUR_IP), [{ ...asker(1), ip: ip('203.0.113.1') }]);
});

test('at most 64 are kept, the latest', () => {
  const askers = new Askers();
  for (let number = 0; number < 100; number += 1) askers.saw(OUR_IP, asker(number));
  const kept = askers.of(OUR_IP);
  assert.is(kept.length, 64);
  assert.equal(kept[0], asker(99));
  assert.equal(kept[63], asker(36));
});

test('probes are not noted', () => {
  const askers = new Askers();
  askers.saw(OUR_IP, { ...asker(1), ip: ip('0.0.0.0') });
  askers.saw(ip('2001:db8::1'), { ...asker(1), ip: ip('::') });
  assert.equal(askers.of(OUR_IP), []);
  assert.equal(askers.of(ip('2001:db8::1')), []);
});

test('a forgotten IP has none', () => {
  const askers = new Askers();
  askers.saw(OUR_IP, asker(1));
  askers.forget(OUR_IP);
  assert.equal(askers.of(OUR_IP), []);
});

test('many IPs with many askers stay within bounds, and the least asked for goes first', () => {
  const askers = new Askers();
  const address = (number: number) => ip(`10.0.${number >> 8}.${number & 0xff}`);
  for (let number = 0; number < 2_000; number += 1) {
    for (let host = 0; host < 64; host += 1) askers.saw(address(number), asker(host));
  }
  const kept = Array.from({ length: 2_000 }, (_, number) => askers.of(address(number)).length);
  assert.is(
    kept.reduce((sum, count) => sum + count, 0),
    65_536,
  );
  assert.is(kept[0], 0);
  assert.is(kept[1_999], 64);
});

test.run();
