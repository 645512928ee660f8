import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { claimsIn, readFrames } from '../../lab/capture.ts';

/** File header as tcpdump 4.99 writes it on a little-endian machine: Ethernet, microseconds. */
const FILE_HEADER = Buffer.from('d4c3b2a10200040000000000000000000000040001000000', 'hex');
const ANNOUNCEMENT = Buffer.from(
  'ffffffffffff02000000000208060001080006040001020000000002c000020a000000000000c000020a',
  'hex',
);

function record(frame: Buffer, seconds: number, microseconds: number): Buffer {
  const header = Buffer.alloc(16);
  for (const [index, value] of [seconds, microseconds, frame.length, frame.length].entries()) {
    header.writeUInt32LE(value, index * 4);
  }
  return Buffer.concat([header, frame]);
}

test('lists claims with their time and leaves other frames out', () => {
  const other = Buffer.alloc(60);
  const file = Buffer.concat([FILE_HEADER, record(other, 1, 0), record(ANNOUNCEMENT, 2, 500_000)]);
  assert.equal(claimsIn(readFrames(file)), [
    {
      kind: 'arp-request',
      ip: '192.0.2.10',
      mac: '02:00:00:00:00:02',
      sourceMac: '02:00:00:00:00:02',
      destinationMac: 'ff:ff:ff:ff:ff:ff',
      gratuitous: true,
      epochMs: 2_500,
    },
  ]);
});

test('a record that tcpdump has not finished is left out', () => {
  const whole = record(ANNOUNCEMENT, 2, 0);
  const file = Buffer.concat([FILE_HEADER, whole, whole.subarray(0, 10)]);
  assert.is(claimsIn(readFrames(file)).length, 1);
});

test('a file of another kind is refused', () => {
  assert.throws(() => readFrames(Buffer.alloc(24)), 'not a pcap file');
});

test.run();
