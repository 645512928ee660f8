import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { MacAddress } from '../../modules/metallb/src/net/mac.ts';
import { HeartbeatAdmission } from '../../modules/metallb/src/wire/heartbeat-admission.ts';
import { mac } from '../support/addresses.ts';

const PEER = mac('02:00:00:00:00:02');
const STRANGER = mac('02:00:00:00:00:ee');

function admission(): HeartbeatAdmission {
  return new HeartbeatAdmission((source) => source === PEER, 0);
}

/** @returns how many of that many heartbeats within ten seconds are checked */
function admitted(
  gate: HeartbeatAdmission,
  count: number,
  sourceOf: (index: number) => MacAddress,
) {
  let admittedCount = 0;
  for (let index = 0; index < count; index += 1) {
    if (gate.admits(sourceOf(index), (index * 10_000) / count)) admittedCount += 1;
  }
  return admittedCount;
}

const octet = (value: number) => (value & 0xff).toString(16).padStart(2, '0');
const invented = (index: number) =>
  mac(`02:ff:00:${octet(index >> 16)}:${octet(index >> 8)}:${octet(index)}`);

test('a peer that sends a hundred a second is always heard', () => {
  assert.is(
    admitted(admission(), 1_000, () => PEER),
    1_000,
  );
});

const FLOODS: readonly (readonly [name: string, (index: number) => MacAddress, atMost: number])[] =
  [
    ['one host', () => STRANGER, 4_200],
    ['a host in the name of a peer', () => PEER, 4_200],
    ['hosts that nobody has seen before', invented, 10_400],
  ];
for (const [name, sourceOf, atMost] of FLOODS) {
  test(`of 200,000 within ten seconds by ${name}, at most ${atMost} cost a hash`, () => {
    assert.ok(admitted(admission(), 200_000, sourceOf) <= atMost);
  });
}

test('a peer is heard among hosts that nobody has seen before', () => {
  const gate = admission();
  let heard = 0;
  for (let index = 0; index < 100_000; index += 1) {
    const now = index / 10;
    gate.admits(invented(index), now);
    if (index % 1_000 === 0 && gate.admits(PEER, now)) heard += 1;
  }
  assert.is(heard, 100);
});

test.run();
