import { Keyring } from '../liveness/keyring.ts';
import { isCounted, type Peer, wasHeardAt } from '../liveness/peer.ts';
import type { IpAddress } from '../net/ip.ts';
import {
  encodeHeartbeat,
  type Heartbeat,
  type HeartbeatKeys,
  type SignedHeartbeat,
} from '../packet/heartbeat.ts';
import { heartbeatPath, wrapHeartbeat } from './heartbeat-frame.ts';
import type { SegmentLink, SegmentOptions, SegmentPorts } from './segment-options.ts';

/** Keys come into use and go out of it by minutes and days. */
const STEP_EVERY_MS = 1_000;

/** Signs the heartbeats of one segment, with the keys that those who hear them hold, and sends them. */
export class HeartbeatSender {
  readonly keyring: Keyring;
  readonly #ports: Pick<SegmentPorts, 'send' | 'counters' | 'log'>;
  readonly #interface: string;
  readonly #group: IpAddress;
  #shown: Readonly<Record<string, string>>[] = [];
  #nextStepAt = Number.NEGATIVE_INFINITY;

  constructor(
    interfaceName: string,
    ports: Pick<SegmentPorts, 'send' | 'counters' | 'log' | 'clock'>,
    { keys, heartbeatGroup }: Pick<SegmentOptions, 'keys' | 'heartbeatGroup'>,
  ) {
    this.#interface = interfaceName;
    this.#ports = ports;
    this.#group = heartbeatGroup;
    this.keyring = new Keyring(keys, ports.clock.now());
    this.#show();
  }

  /** A receiver that holds several of the keys takes the first copy, and the others for recorded ones. */
  send(heartbeat: Heartbeat, link: SegmentLink): void {
    const path = heartbeatPath(link, this.#group);
    if (path === undefined) return;
    const { accepted, signing } = this.keyring;
    for (const key of signing) {
      const others = accepted.filter((other) => other !== key);
      this.#ports.send(wrapHeartbeat(encodeHeartbeat(heartbeat, [key, ...others]), path));
    }
  }

  /** The file of keys has changed. */
  setKeys(keys: HeartbeatKeys, now: number): void {
    this.keyring.replace(keys, now);
    this.#choose(now);
    this.#show();
  }

  /**
   * Another node's heartbeat. Of a peer that counts, only what it says now: whoever does not may be one that can't read
   * what we sign.
   * @returns whether ours are signed otherwise from now on
   */
  heard(heartbeat: SignedHeartbeat, peer: Peer | undefined, now: number): boolean {
    const counts = peer !== undefined && isCounted(peer);
    if (counts && !wasHeardAt(peer, now)) return false;
    const [signer] = heartbeat.heldKeys;
    if (counts && signer !== undefined) this.keyring.used(signer, now);
    return this.keyring.holds(heartbeat, now) && this.#choose(now);
  }

  /** Keys that nobody uses any more go. */
  step(now: number): void {
    if (now < this.#nextStepAt) return;
    this.#nextStepAt = now + STEP_EVERY_MS;
    const retired = this.keyring.retire(now);
    for (const keyId of retired) {
      const facts = { interface: this.#interface, keyId };
      this.#ports.log('a heartbeat key that no node uses is not accepted any more', facts);
    }
    if (!this.#choose(now) && retired.length > 0) this.#show();
  }

  /** @returns whether it has another choice */
  #choose(now: number): boolean {
    const before = this.keyring.signing;
    this.keyring.choose(now);
    const { signing } = this.keyring;
    const isSame =
      signing.length === before.length && signing.every((key, index) => key === before[index]);
    if (!isSame) this.#show();
    return !isSame;
  }

  #show(): void {
    for (const labels of this.#shown) this.#ports.counters.remove('heartbeat_key', labels);
    this.#shown = [...this.keyring.uses].map(([key, use]) => {
      return { interface: this.#interface, key, use };
    });
    for (const labels of this.#shown) this.#ports.counters.set('heartbeat_key', labels, 1);
  }
}
