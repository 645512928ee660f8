import { LRUCache } from 'lru-cache';
import type { Keyring } from '../liveness/keyring.ts';
import { isProofOfLife } from '../liveness/proof.ts';
import type { IpAddress } from '../net/ip.ts';

/** ARP has room for 16 bytes in its padding; the Nonce option of NDP has room for 22. */
export const NONCE_BYTES = { IPv4: 16, IPv6: 22 } as const;
/** An answer is good for probes of this age; a probe every 20 ms need not cost a new nonce each. */
const NONCE_LASTS_MS = 500;

interface Question {
  readonly node: string;
  readonly nonce: Uint8Array;
  readonly previous: Uint8Array | undefined;
  readonly askedAt: number;
}

/** Questions to suspects that are open, one per IP, and the check of their answers. */
export class Confirmation {
  readonly #keyring: Pick<Keyring, 'accepted'>;
  readonly #randomBytes: (length: number) => Uint8Array;
  readonly #questions = new LRUCache<IpAddress, Question>({ max: 512 });

  constructor(keyring: Pick<Keyring, 'accepted'>, randomBytes: (length: number) => Uint8Array) {
    this.#keyring = keyring;
    this.#randomBytes = randomBytes;
  }

  /** The nonce to put to `node` about its IP. */
  ask(node: string, ip: IpAddress, family: 'IPv4' | 'IPv6', now: number): Uint8Array {
    const open = this.#questions.get(ip);
    if (open?.node === node && now - open.askedAt < NONCE_LASTS_MS) return open.nonce;
    const nonce = this.#randomBytes(NONCE_BYTES[family]);
    const previous = open?.node === node ? open.nonce : undefined;
    this.#questions.set(ip, { node, nonce, previous, askedAt: now });
    return nonce;
  }

  /** Which suspect an answer about this IP is from, if it was asked for, and whether only that node can have given it. */
  check(
    ip: IpAddress,
    proof: Uint8Array | undefined,
  ): { node: string; proven: boolean } | undefined {
    const question = this.#questions.get(ip);
    if (question === undefined) return undefined;
    const { node, nonce, previous } = question;
    const proves = (asked: Uint8Array | undefined) =>
      asked !== undefined &&
      proof !== undefined &&
      isProofOfLife(this.#keyring.accepted, { nonce: asked, node, ip }, proof);
    return { node, proven: proves(nonce) || proves(previous) };
  }
}
