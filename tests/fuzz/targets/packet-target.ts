import { deepStrictEqual } from 'node:assert';
import type { BgpError } from '../../../modules/metallb/src/packet/bgp-error.ts';
import { MalformedPacketError } from '../../../modules/metallb/src/packet/malformed.ts';
import { accepted, INTERVAL_MS, LONGEST, type Target } from '../target.ts';

/** What packets of this module's protocols hold at places where a decoder looks for it. */
const PACKET_WORDS: readonly Uint8Array[] = [
  ...['ffffffffffff', '333300000001', '01005e000012', '020000000001'], // Ethernet addresses
  ...['0800', '0806', '86dd', '81000000', '8100000a'], // EtherTypes and VLAN tags
  ...['0001080006040001', '0001080006040002', '6d6c6231'], // heads of ARP packets, of a proof
  ...['45', '4f', '60000000', '4000', '2000', '11', '3a', '2c', 'ff'], // of IP headers
  ...['1081', '87000000', '88000000', '0101', '0201', '0e01', '0100'], // port, NDP types and options
  ...['fe80000000000000', 'ff0200000000000000000001ff', '00000000000000000000000000000000'],
].map((hex) => Uint8Array.from(Buffer.from(hex, 'hex')));

const MARGIN = 64;

/** A decoder of packets, on which nodes' event loops wait. */
export function packetTarget(
  options: Pick<Target, 'name' | 'seeds' | 'check'> & Partial<Pick<Target, 'mend'>>,
): Target {
  return {
    ...{ mend: undefined, grammar: 'bytes', dictionary: PACKET_WORDS },
    ...{ slowMs: INTERVAL_MS, longest: LONGEST.bytes, share: 1 },
    ...options,
  };
}

/**
 * What the decoder makes of the input where it lies between zeros; undefined where it is malformed. A decoder that reads
 * beyond its input makes something else of it where it lies between ones.
 */
export function decodedWithin<T>(
  decode: (input: Uint8Array) => T,
  input: Uint8Array,
  refusal: typeof MalformedPacketError | typeof BgpError = MalformedPacketError,
): T | undefined {
  const [value, other] = [0x00, 0xff].map((around) => {
    const room = new Uint8Array(input.length + 2 * MARGIN).fill(around);
    room.set(input, MARGIN);
    const view = room.subarray(MARGIN, MARGIN + input.length);
    const decoded = accepted(() => decode(view), refusal);
    // Frames share the buffer of their capture.
    sameBytes(view, input);
    return decoded;
  });
  deepStrictEqual(value, other);
  return value;
}

/** @throws AssertionError with both in hexadecimal digits */
export function sameBytes(actual: Uint8Array, expected: Uint8Array): void {
  if (Buffer.compare(actual, expected) === 0) return;
  const [one, other] = [actual, expected].map((bytes) => Buffer.from(bytes).toString('hex'));
  deepStrictEqual(one, other);
}
