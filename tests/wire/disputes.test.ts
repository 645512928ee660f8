import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ipFromBigInt } from '../../modules/metallb/src/net/ip.ts';
import { Disputes } from '../../modules/metallb/src/wire/disputes.ts';

const POOL = 0x0a00_0000n;
const addresses = (count: number) =>
  Array.from({ length: count }, (_, index) => ipFromBigInt('IPv4', POOL + BigInt(index)));
const DIGEST = () => '0'.repeat(16);

test('every dispute is told once before one is told again, in the order of the addresses', () => {
  const disputes = new Disputes();
  const all = addresses(100);
  for (const address of all.toReversed()) disputes.claimed(address, 0);
  const told: string[] = [];
  while (disputes.isBehind) told.push(...disputes.nextPage(0, DIGEST).map((one) => one.ip));
  told.push(...disputes.nextPage(0, DIGEST).map((one) => one.ip));
  assert.equal(told, all);
});

test('a handful of disputes can wait for the next heartbeat', () => {
  const disputes = new Disputes();
  for (const address of addresses(30)) disputes.claimed(address, 0);
  assert.not.ok(disputes.isBehind);
});

test('disputes that nobody renews are over', () => {
  const disputes = new Disputes();
  for (const address of addresses(40)) disputes.claimed(address, 0);
  assert.is(disputes.nextPage(2_001, DIGEST).length, 0);
  assert.not.ok(disputes.isBehind);
});

test.run();
