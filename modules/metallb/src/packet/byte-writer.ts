import { type IpAddress, ipToBytes } from '../net/ip.ts';
import { type MacAddress, macToBytes } from '../net/mac.ts';

/** Writes numbers in network order into a buffer of exactly the length that the caller worked out before. */
export class ByteWriter {
  readonly #bytes: Uint8Array;
  #offset = 0;

  constructor(length: number) {
    this.#bytes = new Uint8Array(length);
  }

  u8(value: number): this {
    this.#bytes[this.#advance(1)] = value;
    return this;
  }

  u16(value: number): this {
    return this.u8(value >>> 8).u8(value);
  }

  u32(value: number): this {
    return this.u16(value >>> 16).u16(value);
  }

  u64(value: bigint): this {
    return this.u32(Number((value >> 32n) & 0xffff_ffffn)).u32(Number(value & 0xffff_ffffn));
  }

  bytes(bytes: Uint8Array): this {
    const at = this.#advance(bytes.length);
    this.#bytes.set(bytes, at);
    return this;
  }

  mac(mac: MacAddress): this {
    return this.bytes(macToBytes(mac));
  }

  ip(ip: IpAddress): this {
    return this.bytes(ipToBytes(ip));
  }

  /** The written bytes; what was not written is zero. */
  finish(): Uint8Array {
    return this.#bytes;
  }

  #advance(length: number): number {
    const at = this.#offset;
    // An encoder that miscounts is a bug, not bad input: no MalformedPacketError.
    if (at + length > this.#bytes.length) throw new Error('write past the end of the packet');
    this.#offset += length;
    return at;
  }
}
