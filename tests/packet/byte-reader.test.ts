import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ByteReader } from '../../modules/metallb/src/packet/byte-reader.ts';
import { ByteWriter } from '../../modules/metallb/src/packet/byte-writer.ts';
import { bytes, ip, mac } from '../support/addresses.ts';
import { isMalformed } from '../support/codec.ts';

const EVERYTHING = bytes(
  'ff 0102 fffefdfc 0102030405060708 aabb 02000000000a c0000201 20010db8000000000000000000000001',
);

test('reads what the writer wrote', () => {
  const written = new ByteWriter(EVERYTHING.length)
    .u8(0xff)
    .u16(0x0102)
    .u32(0xfffefdfc)
    .u64(0x0102030405060708n)
    .bytes(bytes('aabb'))
    .mac(mac('02:00:00:00:00:0a'))
    .ip(ip('192.0.2.1'))
    .ip(ip('2001:db8::1'))
    .finish();
  assert.equal(written, EVERYTHING);

  const reader = new ByteReader(written, 'test');
  assert.is(reader.u8(), 0xff);
  assert.is(reader.u16(), 0x0102);
  assert.is(reader.u32(), 0xfffefdfc);
  assert.is(reader.u64(), 0x0102030405060708n);
  assert.equal(reader.bytes(2), bytes('aabb'));
  assert.is(reader.mac(), mac('02:00:00:00:00:0a'));
  assert.is(reader.ip('IPv4'), ip('192.0.2.1'));
  assert.is(reader.ip('IPv6'), ip('2001:db8::1'));
  assert.is(reader.remaining, 0);
});

const READS: [string, number, (reader: ByteReader) => unknown][] = [
  ['u8', 0, (reader) => reader.u8()],
  ['u16', 1, (reader) => reader.u16()],
  ['u32', 3, (reader) => reader.u32()],
  ['u64', 7, (reader) => reader.u64()],
  ['mac', 5, (reader) => reader.mac()],
  ['IPv4', 3, (reader) => reader.ip('IPv4')],
  ['IPv6', 15, (reader) => reader.ip('IPv6')],
  ['bytes', 4, (reader) => reader.bytes(5)],
  ['skip', 4, (reader) => reader.skip(5)],
  ['a negative length', 4, (reader) => reader.bytes(-1)],
  ['a length that is no number', 4, (reader) => reader.bytes(Number.NaN)],
];
for (const [name, length, read] of READS) {
  test(`refuses to read ${name} from ${length} bytes`, () => {
    assert.throws(() => read(new ByteReader(new Uint8Array(length), 'test')), isMalformed);
  });
}

test('says what could not be read and where', () => {
  assert.throws(
    () => new ByteReader(new Uint8Array(1), 'ARP').u16(),
    'malformed ARP: 2 bytes wanted at 0, 1 left',
  );
});

test('a writer has the length that was asked for, and never more', () => {
  assert.equal(new ByteWriter(3).u8(1).finish(), bytes('010000'));
  assert.throws(() => new ByteWriter(1).u16(1), 'write past the end of the packet');
  assert.throws(() => new ByteWriter(1).bytes(new Uint8Array(2)), 'write past the end');
});

test.run();
