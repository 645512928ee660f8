import type { Lookup, Question, Response } from '../layer2/answer.ts';
import { decoded } from '../layer2/answer.ts';
import { respondToArp } from '../layer2/arp-responder.ts';
import { type Claim, classifyClaim, looksLikeQuestion } from '../layer2/claim.ts';
import { respondToNdp } from '../layer2/ndp-responder.ts';
import type { Keyring } from '../liveness/keyring.ts';
import { type MacAddress, macFromBytes } from '../net/mac.ts';
import {
  decodeEthernet,
  ETHER_TYPE_ARP,
  ETHER_TYPE_IPV4,
  ETHER_TYPE_IPV6,
  type EthernetFrame,
} from '../packet/ethernet.ts';
import {
  decodeHeartbeat,
  type HeartbeatRefusal,
  namedSender,
  type SignedHeartbeat,
} from '../packet/heartbeat.ts';
import type { Counters } from './counters.ts';
import { HeartbeatAdmission } from './heartbeat-admission.ts';
import { unwrapHeartbeat } from './heartbeat-frame.ts';

export interface FrameReaderOptions {
  readonly mac: MacAddress;
  readonly interface: string;
  /** `shortId` of the cluster id. */
  readonly cluster: string;
  readonly keyring: Pick<Keyring, 'accepted'>;
}

export interface FrameReaderPorts {
  readonly counters: Counters;
  now(): number;
  /** Whether a node that is heard with our key has this address. */
  isPeer(mac: MacAddress): boolean;
  send(frame: Uint8Array): void;
  readonly lookup: Lookup;
  /** Told once it is answered: whoever asks waits. */
  onQuestion(question: Question): void;
  /** Peers have been silent for so long that their heartbeats must be read before anything is answered (rule 8). */
  isSilent(): boolean;
  afterQueuedFrames(run: () => void): void;
  onForeignFrame(): void;
  /** @returns false for one that was heard before, or whose incarnation is over */
  onHeartbeat(heartbeat: SignedHeartbeat, mac: MacAddress): boolean;
  /** A heartbeat of our cluster in this node's name, which no key of ours verifies: anybody may have sent it. */
  onStranger(node: string, mac: MacAddress): void;
  onClaim(claim: Claim): void;
}

const OTHER_KEY: readonly HeartbeatRefusal[] = ['unknown-key', 'bad-signature'];
const ETHER_TYPE_OFFSET = 12;
const IPV6_NEXT_HEADER_OFFSET = 6;
const NEXT_HEADER_UDP = 17;
/** Questions that wait for heartbeats to be read; more than fit are asked again by their senders. */
const MAX_DEFERRED = 64;

/** Turns the frames of one interface into heartbeats, claims and answered questions. */
export class FrameReader {
  readonly #options: FrameReaderOptions;
  readonly #ports: FrameReaderPorts;
  readonly #admission: HeartbeatAdmission;
  #deferred: Uint8Array[] = [];
  /** Frames that were not read, as there was no time; counted when there is. */
  #skipped = 0;

  constructor(options: FrameReaderOptions, ports: FrameReaderPorts) {
    this.#options = options;
    this.#ports = ports;
    this.#admission = new HeartbeatAdmission((mac) => ports.isPeer(mac), ports.now());
  }

  /** @returns `news` when something was learned; a question teaches nothing, answered or not, nor does what is not read */
  read(bytes: Uint8Array, overdue: boolean): 'news' | 'question' {
    if (overdue && !this.#isOfPeer(bytes)) {
      this.#skipped += 1;
      return 'question';
    }
    if (this.#skipped > 0) this.#countSkipped();
    const frame = this.#ownFrame(bytes);
    if (frame === undefined) return 'question';
    this.#ports.onForeignFrame();
    if (isHeartbeat(frame)) {
      const isAdmitted = this.#admission.admits(frame.source, this.#ports.now());
      if (isAdmitted) this.#readHeartbeat(frame);
      else this.#drop('heartbeat', 'overload');
      return isAdmitted ? 'news' : 'question';
    }
    const claim = looksLikeQuestion(frame) ? undefined : classifyClaim(frame);
    if (claim !== undefined) {
      this.#ports.onClaim(claim);
      return 'news';
    }
    if (this.#ports.isSilent()) this.#defer(bytes);
    else this.#answer(frame);
    return 'question';
  }

  /**
   * What they claim is as important as that they live: whoever missed it would answer beside them. As cheap as can be:
   * between slices of a flood, hundreds of frames a millisecond are looked at so.
   */
  #isOfPeer(bytes: Uint8Array): boolean {
    return this.#ports.isPeer(macFromBytes(bytes.subarray(6, ETHER_TYPE_OFFSET)));
  }

  #countSkipped(): void {
    const { counters } = this.#ports;
    const labels = { interface: this.#options.interface, protocol: 'ethernet', reason: 'overload' };
    counters.add('dropped_frames_total', labels, this.#skipped);
    this.#skipped = 0;
  }

  /** Undefined for what was not meant for this interface's untagged network. */
  #ownFrame(bytes: Uint8Array): EthernetFrame | undefined {
    const frame = decoded(() => decodeEthernet(bytes));
    if (frame === undefined) this.#drop('ethernet', 'malformed');
    else if (frame.vlanId !== undefined) this.#drop('ethernet', 'foreign-vlan');
    else if (frame.source !== this.#options.mac) return frame;
    return undefined;
  }

  #readHeartbeat(frame: EthernetFrame): void {
    const { cluster, keyring } = this.#options;
    const heartbeat = decoded(() => {
      const payload = unwrapHeartbeat(frame);
      if (payload === undefined) return 'not-a-heartbeat';
      const read = decodeHeartbeat(payload, cluster, keyring.accepted);
      if (OTHER_KEY.some((refusal) => refusal === read))
        this.#ports.onStranger(namedSender(payload), frame.source);
      return read;
    });
    if (heartbeat === undefined) this.#drop('heartbeat', 'malformed');
    else if (typeof heartbeat === 'string') this.#drop('heartbeat', heartbeat);
    else if (!this.#ports.onHeartbeat(heartbeat, frame.source)) this.#drop('heartbeat', 'stale');
  }

  #answer(frame: EthernetFrame): void {
    const { mac } = this.#options;
    const protocol = frame.etherType === ETHER_TYPE_ARP ? 'arp' : 'ndp';
    const respond = protocol === 'arp' ? respondToArp : respondToNdp;
    this.#send(protocol, respond(frame, mac, this.#ports.lookup));
  }

  #send(protocol: string, response: Response): void {
    if ('reply' in response) {
      this.#ports.send(response.reply);
      this.#ports.counters.add('replies_total', { interface: this.#options.interface, protocol });
      this.#ports.counters.ofIps.answered(response.question.ip);
    } else this.#drop(protocol, response.drop);
    if (response.question !== undefined) this.#ports.onQuestion(response.question);
  }

  #drop(protocol: string, reason: string): void {
    this.#ports.counters.add('dropped_frames_total', {
      interface: this.#options.interface,
      protocol,
      reason,
    });
  }

  /** The capture's buffer is used again: what waits is copied. */
  #defer(bytes: Uint8Array): void {
    if (this.#deferred.length >= MAX_DEFERRED) return this.#drop('ethernet', 'overload');
    this.#deferred.push(Uint8Array.from(bytes));
    if (this.#deferred.length === 1) this.#ports.afterQueuedFrames(() => this.#answerDeferred());
  }

  #answerDeferred(): void {
    const deferred = this.#deferred;
    this.#deferred = [];
    for (const bytes of deferred) this.#answer(decodeEthernet(bytes));
  }
}

function isHeartbeat(frame: EthernetFrame): boolean {
  if (frame.etherType === ETHER_TYPE_IPV4) return true;
  return (
    frame.etherType === ETHER_TYPE_IPV6 &&
    frame.payload[IPV6_NEXT_HEADER_OFFSET] === NEXT_HEADER_UDP
  );
}
