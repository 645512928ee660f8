import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { messagesIn } from '../../lab/bgp-messages.ts';
import { ipToBytes } from '../../modules/metallb/src/net/ip.ts';
import { BGP_MESSAGE, encodeBgpMessage } from '../../modules/metallb/src/packet/bgp-message.ts';
import { ip } from '../support/addresses.ts';

const KEEPALIVE = Buffer.from(encodeBgpMessage(BGP_MESSAGE.keepalive, new Uint8Array()));
const UPDATE = Buffer.from(encodeBgpMessage(BGP_MESSAGE.update, Uint8Array.of(0, 0, 0, 0)));
const BOTH = Buffer.concat([KEEPALIVE, UPDATE]);
const TYPES = [BGP_MESSAGE.keepalive, BGP_MESSAGE.update];
/** So near to its end that sequence numbers begin anew within the messages. */
const FIRST = 0xffff_fff0;
const SYN = 0x02;
const IPV4_BYTES = 20;

/** From a node to a router, by headers without options and checksums. */
function frame(from: string, at: number, bytes: Buffer, flags = 0) {
  const source = ipToBytes(ip(from));
  const isIpv6 = source.length === 16;
  const tcp = Buffer.alloc(20);
  tcp.writeUInt16BE(40_000, 0);
  tcp.writeUInt32BE((FIRST + at) >>> 0, 4);
  tcp.set([0x50, flags], 12);
  const header = Buffer.alloc(isIpv6 ? 40 : IPV4_BYTES);
  const length = tcp.length + bytes.length;
  header[0] = isIpv6 ? 0x60 : 0x45;
  header.writeUInt16BE(isIpv6 ? length : IPV4_BYTES + length, isIpv6 ? 4 : 2);
  header.set(source, isIpv6 ? 8 : 12);
  const ethernet = Buffer.alloc(14);
  ethernet.writeUInt16BE(isIpv6 ? 0x86dd : 0x0800, 12);
  const filler = Buffer.alloc(6);
  return { epochMs: 0, bytes: Buffer.concat([ethernet, header, tcp, bytes, filler]) };
}

const typesOf = (from: string, ...frames: ReturnType<typeof frame>[]) =>
  messagesIn(frames)
    .get(from)
    ?.map(({ type }) => type);

for (const from of ['10.9.0.1', 'fd00:9::1']) {
  test(`messages from ${from} come in any segments, and what comes twice counts once`, () => {
    for (let cut = 0; cut <= BOTH.length; cut += 1) {
      const [head, tail] = [BOTH.subarray(0, cut), BOTH.subarray(cut)];
      const segments = [frame(from, 0, head), frame(from, cut, tail), frame(from, 0, BOTH)];
      assert.equal(typesOf(from, ...segments), TYPES, `cut at ${cut}`);
    }
  });
}

test('a segment that the capture has missed is an error', () => {
  const segments = [frame('10.9.0.1', 0, KEEPALIVE), frame('10.9.0.1', 40, UPDATE)];
  assert.throws(() => messagesIn(segments), /21 bytes from 10.9.0.1 are not in the capture/);
});

test('connections and hosts are told apart', () => {
  const again = frame('10.9.0.1', 5, Buffer.alloc(0), SYN);
  const half = frame('10.9.0.1', 0, KEEPALIVE.subarray(0, 5));
  const other = frame('10.9.0.2', 0, UPDATE);
  const all = [half, other, again, frame('10.9.0.1', 6, KEEPALIVE)];
  assert.equal(typesOf('10.9.0.1', ...all), [BGP_MESSAGE.keepalive]);
  assert.equal(typesOf('10.9.0.2', ...all), [BGP_MESSAGE.update]);
});

test.run();
