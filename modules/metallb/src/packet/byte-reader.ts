import { type IpAddress, type IpFamily, ipFromBytes } from '../net/ip.ts';
import { type MacAddress, macFromBytes } from '../net/mac.ts';
import { MalformedPacketError } from './malformed.ts';

/** Reads numbers in network order from a view of bytes; reading past the end throws `MalformedPacketError`. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #what: string;
  #offset = 0;

  /** @param what names the protocol in errors */
  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = bytes;
    this.#what = what;
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  u8(): number {
    return this.#bytes[this.#advance(1)] ?? 0;
  }

  /** The octet that is read next, which stays there. */
  peek(): number {
    const next = this.u8();
    this.#offset -= 1;
    return next;
  }

  u16(): number {
    const at = this.#advance(2);
    return ((this.#bytes[at] ?? 0) << 8) | (this.#bytes[at + 1] ?? 0);
  }

  u32(): number {
    return this.u16() * 0x1_0000 + this.u16();
  }

  u64(): bigint {
    return (BigInt(this.u32()) << 32n) | BigInt(this.u32());
  }

  /** A view, not a copy: it lives as long as the bytes under it. */
  bytes(length: number): Uint8Array {
    const at = this.#advance(length);
    return this.#bytes.subarray(at, at + length);
  }

  /** A view of everything that is left. */
  rest(): Uint8Array {
    return this.bytes(this.remaining);
  }

  skip(length: number): void {
    this.#advance(length);
  }

  mac(): MacAddress {
    return macFromBytes(this.#bytes, this.#advance(6));
  }

  ip(family: IpFamily): IpAddress {
    return ipFromBytes(this.bytes(family === 'IPv4' ? 4 : 16));
  }

  /** The error of this reader's protocol, for values that can be read but must not be. */
  malformed(where: string): MalformedPacketError {
    return new MalformedPacketError(this.#what, where);
  }

  #advance(length: number): number {
    // The negation also refuses NaN, which a computed length may be.
    if (!(length >= 0 && length <= this.remaining)) {
      throw this.malformed(`${length} bytes wanted at ${this.#offset}, ${this.remaining} left`);
    }
    const at = this.#offset;
    this.#offset += length;
    return at;
  }
}
