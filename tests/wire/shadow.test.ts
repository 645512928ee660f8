import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Shadow } from '../../modules/metallb/src/wire/shadow.ts';

test('the interface with the earlier name answers for both, for as long as it is heard', () => {
  const shadow = new Shadow('eth1', 600);
  assert.is(shadow.at(0), undefined);
  assert.ok(shadow.heard('eth0', 100));
  assert.not.ok(shadow.heard('eth0', 200), 'it is silent already');
  assert.is(shadow.at(799), 'eth0');
  assert.is(shadow.at(800), undefined);
  assert.ok(shadow.heard('eth0', 900));
});

test('its own heartbeats and those of later names make nobody silent', () => {
  const shadow = new Shadow('eth1', 600);
  for (const name of ['eth1', 'eth2']) assert.not.ok(shadow.heard(name, 0));
  assert.is(shadow.at(1), undefined);
});

test('of three interfaces the earliest answers', () => {
  const shadow = new Shadow('eth2', 600);
  shadow.heard('eth1', 0);
  shadow.heard('eth0', 10);
  shadow.heard('eth1', 20);
  assert.is(shadow.at(30), 'eth0');
});

test.run();
