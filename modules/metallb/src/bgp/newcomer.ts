import { BGP_MESSAGE, BgpFramer } from '../packet/bgp-message.ts';
import { type BgpOpen, decodeOpen } from '../packet/bgp-open.ts';
import { MalformedPacketError } from '../packet/malformed.ts';

/** `more`: it may be either yet. */
export type NewcomerVerdict = 'peer' | 'stranger' | 'more';

/**
 * What comes on a connection that the peer has opened beside its session. That it has begun anew is what its OPEN says
 * (RFC 4724 §4.2): who only looks whether the port is open, or is not the one that is configured, must not end the session.
 */
export class Newcomer {
  readonly #negotiate: (open: BgpOpen) => unknown;
  #heard = new Uint8Array();

  /** @param negotiate throws BgpError where it is not the peer's OPEN */
  constructor(negotiate: (open: BgpOpen) => unknown) {
    this.#negotiate = negotiate;
  }

  /** All that has come, for whoever takes the connection over. */
  get heard(): Uint8Array {
    return this.#heard;
  }

  hear(bytes: Uint8Array): NewcomerVerdict {
    const heard = new Uint8Array(this.#heard.length + bytes.length);
    heard.set(this.#heard);
    heard.set(bytes, this.#heard.length);
    this.#heard = heard;
    try {
      const [first] = new BgpFramer().messages(heard);
      if (first === undefined) return 'more';
      if (first.type !== BGP_MESSAGE.open) return 'stranger';
      this.#negotiate(decodeOpen(first.body));
      return 'peer';
    } catch (error) {
      if (error instanceof MalformedPacketError) return 'stranger';
      throw error;
    }
  }
}
