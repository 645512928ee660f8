import {
  type BfdAuthentication,
  type BfdAuthenticationKind,
  type BfdPacket,
  encodeBfd,
  isBfdSignedWith,
} from '../packet/bfd.ts';

/** What both sides know. */
export interface BfdKey {
  readonly kind: BfdAuthenticationKind;
  readonly id: number;
  /** 1 to 20 bytes. */
  readonly secret: Uint8Array;
}

/** Why a packet is not believed. */
export type AuthenticationDrop =
  | 'not-signed'
  | 'signed'
  | 'other-authentication'
  | 'other-key-id'
  | 'wrong-key'
  | 'old-sequence';

/** RFC 5880 §6.7.4: of what the peer's multiplier allows to be lost. */
const WINDOW = 3;

/** Signs what a session sends, and tells what its peer has signed from what others have, or the peer long ago. */
export class Authentication {
  readonly #key: BfdKey | undefined;
  /** bfd.XmitAuthSeq: of the last packet. */
  #sequence: number;
  #lastSent: string | undefined;
  /** bfd.RcvAuthSeq; undefined: bfd.AuthSeqKnown is 0. */
  #heard: number | undefined;

  /** @param sequence random at first, and the last one again where another process goes on with the session */
  constructor(key: BfdKey | undefined, sequence: number) {
    this.#key = key;
    this.#sequence = sequence >>> 0;
  }

  get sequence(): number {
    return this.#sequence;
  }

  /** Every packet has a sequence number of its own. */
  get isMeticulous(): boolean {
    return this.#key?.kind === 'meticulous-keyed-sha1';
  }

  /** The packet as it is sent. A number is used again where nothing but Poll and Final differs, unless meticulous. */
  sign(packet: Omit<BfdPacket, 'authentication'>): Uint8Array {
    if (this.#key === undefined) return encodeBfd({ ...packet, authentication: undefined });
    const content = JSON.stringify({ ...packet, poll: false, final: false });
    if (this.isMeticulous || content !== this.#lastSent) {
      this.#sequence = (this.#sequence + 1) >>> 0;
    }
    this.#lastSent = content;
    const { kind, id: keyId, secret } = this.#key;
    return encodeBfd(
      { ...packet, authentication: { kind, keyId, sequence: this.#sequence } },
      secret,
    );
  }

  /** Why the packet is not the peer's; undefined: it is. RFC 5880 §6.7.4, and §6.8.6 where only one side signs. */
  check({ authentication: section, detectMultiplier }: BfdPacket, bytes: Uint8Array) {
    if (this.#key === undefined) return section === undefined ? undefined : 'signed';
    if (section === undefined) return 'not-signed';
    return this.#checkSection(section, this.#key, { detectMultiplier, bytes });
  }

  /** Nothing has come for twice the detection time: the peer may have started anew (§6.8.1, bfd.AuthSeqKnown). */
  forget(): void {
    this.#heard = undefined;
  }

  #checkSection(
    section: BfdAuthentication,
    key: BfdKey,
    { detectMultiplier, bytes }: { detectMultiplier: number; bytes: Uint8Array },
  ): AuthenticationDrop | undefined {
    if (section.kind === 'unsupported' || section.kind !== key.kind) return 'other-authentication';
    if (section.keyId !== key.id) return 'other-key-id';
    if (!this.#isInWindow(section.sequence, detectMultiplier)) return 'old-sequence';
    if (!isBfdSignedWith(bytes, key.secret)) return 'wrong-key';
    // Only now: a number that somebody else has made up would shut the peer out.
    this.#heard = section.sequence;
    return undefined;
  }

  #isInWindow(sequence: number, detectMultiplier: number): boolean {
    if (this.#heard === undefined) return true;
    const ahead = (sequence - this.#heard) >>> 0;
    return ahead >= (this.isMeticulous ? 1 : 0) && ahead <= WINDOW * detectMultiplier;
  }
}
