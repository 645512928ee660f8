import { BGP_REASON, BgpError, type BgpNotification } from './bgp-error.ts';
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';

/** RFC 4271 §4.1, 2918. */
export const BGP_MESSAGE = {
  open: 1,
  update: 2,
  notification: 3,
  keepalive: 4,
  routeRefresh: 5,
} as const;

export const BGP_HEADER_BYTES = 19;
export const MAX_BGP_MESSAGE = 4_096;
/** Where both sides have the capability (RFC 8654); never of an OPEN or KEEPALIVE. */
export const MAX_EXTENDED_BGP_MESSAGE = 65_535;

const MARKER = new Uint8Array(16).fill(0xff);
/** By type; RFC 4271 §6.1, RFC 7313 §5. */
const SHORTEST: Readonly<Record<number, number>> = { 1: 29, 2: 23, 3: 21, 4: 19, 5: 23 };

/** One message of a peer, its header checked and its body still to be read. */
export interface BgpMessage {
  readonly type: number;
  /** A view: it lives until the next call. */
  readonly body: Uint8Array;
}

/** A message around a body. */
export function encodeBgpMessage(type: number, body: Uint8Array): Uint8Array {
  const length = BGP_HEADER_BYTES + body.length;
  return new ByteWriter(length).bytes(MARKER).u16(length).u8(type).bytes(body).finish();
}

export function encodeKeepalive(): Uint8Array {
  return encodeBgpMessage(BGP_MESSAGE.keepalive, new Uint8Array());
}

export function encodeNotification({ code, subcode, data }: BgpNotification): Uint8Array {
  const body = new ByteWriter(2 + data.length).u8(code).u8(subcode).bytes(data).finish();
  return encodeBgpMessage(BGP_MESSAGE.notification, body);
}

/** @throws BgpError where there are no codes, which no frame of its length lets through */
export function decodeNotification(body: Uint8Array): BgpNotification {
  if (body.length < 2) throw new BgpError(BGP_REASON.badLength, 'a NOTIFICATION without codes');
  const reader = new ByteReader(body, 'BGP NOTIFICATION');
  return { code: reader.u8(), subcode: reader.u8(), data: reader.rest() };
}

/** Octets in a NOTIFICATION that any peer takes. */
export const MAX_NOTIFICATION_DATA = MAX_BGP_MESSAGE - BGP_HEADER_BYTES - 2;

/**
 * Cuts the bytes of a connection into messages. It keeps at most one message that is not whole, so a peer that sends a
 * byte at a time costs no more than that.
 */
export class BgpFramer {
  #pending = new Uint8Array();
  /** Raised when both sides have the capability. */
  maxLength = MAX_BGP_MESSAGE;

  /** Bytes that wait for the rest of their message. */
  get pendingBytes(): number {
    return this.#pending.length;
  }

  /** @throws BgpError where the bytes are no messages: nothing after them can be understood */
  *messages(bytes: Uint8Array): Generator<BgpMessage> {
    let left = this.#pending.length === 0 ? bytes : joined(this.#pending, bytes);
    this.#pending = new Uint8Array();
    while (left.length >= BGP_HEADER_BYTES) {
      const length = this.#lengthOf(left);
      if (left.length < length) break;
      yield { type: left[18] ?? 0, body: left.subarray(BGP_HEADER_BYTES, length) };
      left = left.subarray(length);
    }
    // A copy: the view may be of a buffer that its owner fills again.
    this.#pending = left.slice();
  }

  #lengthOf(header: Uint8Array): number {
    if (MARKER.some((byte, at) => header[at] !== byte)) {
      throw new BgpError(BGP_REASON.notSynchronized, 'the marker is not all ones');
    }
    const length = ((header[16] ?? 0) << 8) | (header[17] ?? 0);
    const type = header[18] ?? 0;
    const shortest = SHORTEST[type];
    if (shortest === undefined) {
      throw new BgpError(BGP_REASON.badType, `message type ${type}`, Uint8Array.of(type));
    }
    const isSmall = type === BGP_MESSAGE.open || type === BGP_MESSAGE.keepalive;
    const longest =
      type === BGP_MESSAGE.keepalive ? shortest : isSmall ? MAX_BGP_MESSAGE : this.maxLength;
    if (length < shortest || length > longest) {
      const data = header.slice(16, 18);
      throw new BgpError(
        BGP_REASON.badLength,
        `length ${length} of a message of type ${type}`,
        data,
      );
    }
    return length;
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}
