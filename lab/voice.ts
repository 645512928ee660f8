import { randomBytes } from 'node:crypto';
import type { Claim } from '../modules/metallb/src/layer2/claim.ts';
import type { Keyring } from '../modules/metallb/src/liveness/keyring.ts';
import type { LivenessAction } from '../modules/metallb/src/liveness/liveness-action.ts';
import { isCounted } from '../modules/metallb/src/liveness/peer.ts';
import { SegmentLiveness } from '../modules/metallb/src/liveness/segment-liveness.ts';
import type { IpAddress } from '../modules/metallb/src/net/ip.ts';
import type { MacAddress } from '../modules/metallb/src/net/mac.ts';
import type { Heartbeat } from '../modules/metallb/src/packet/heartbeat.ts';
import type { Clock } from '../modules/metallb/src/time/clock.ts';
import { Questions } from '../modules/metallb/src/wire/questions.ts';
import type { SegmentLink } from '../modules/metallb/src/wire/segment-options.ts';
import { LAB_CLUSTER } from './heartbeat-frames.ts';

/** The node program's defaults; a short hold-down like that of the lab's nodes. */
const SETTINGS = {
  ...{ intervalMs: 100, multiplier: 3, restartGraceMs: 30_000 },
  ...{ holdDownMs: 1_000, holdDownMaxMs: 1_000 },
};

/** What a voice needs of its chorus. */
export interface VoicePorts {
  readonly clock: Clock;
  readonly keyring: Keyring;
  send(frame: Uint8Array): void;
  /** To the segment, other voices included. */
  say(heartbeat: Heartbeat, voice: Voice): void;
  /** That a real node announces. */
  ipsOf(node: string): readonly IpAddress[];
  /** The newest version of the cluster state that a real node has told of. */
  revision(): number;
  buried(node: string, by: string, afterMs: number): void;
}

/**
 * One node of a chorus: the liveness of the node program, which listens, speaks, suspects and asks as in a real node. It
 * announces nothing, so nobody asks it for a proof of its own life.
 */
export class Voice {
  readonly node: string;
  readonly link: SegmentLink;
  readonly #ports: VoicePorts;
  readonly #liveness: SegmentLiveness;
  readonly #questions: Questions;
  lastSaidAt = Number.NEGATIVE_INFINITY;

  constructor(node: string, mac: MacAddress, ports: VoicePorts) {
    this.node = node;
    this.link = { name: 'eth0', mac, addresses: [], linkLocal: undefined, subnets: [] };
    this.#ports = ports;
    const questionPorts = { ...ports, randomBytes };
    this.#questions = new Questions(this.link, questionPorts, ports.keyring);
    this.#liveness = new SegmentLiveness(
      {
        ...{ node, interface: 'eth0', cluster: LAB_CLUSTER, ...SETTINGS },
        ...{ resume: false, returned: { times: 0, lastAt: Number.NEGATIVE_INFINITY } },
        newIncarnation: () => randomBytes(8).toString('hex'),
        random: Math.random,
      },
      ports.clock.now(),
    );
  }

  get incarnation(): string {
    return this.#liveness.incarnation;
  }

  get counted(): number {
    return this.#liveness.peers.filter(isCounted).length;
  }

  isDue(now: number): boolean {
    return this.nextDeadline(now) <= now;
  }

  nextDeadline(now: number): number {
    return this.#liveness.nextDeadline(now);
  }

  sendDue(now: number): void {
    this.#perform(this.#liveness.sendDue(now), now);
  }

  judge(now: number): void {
    this.#perform(this.#liveness.judgePeers(now), now);
  }

  hear(heartbeat: Heartbeat, mac: MacAddress, now: number): void {
    this.#perform(this.#liveness.receive(heartbeat, mac, now), now);
  }

  /** A frame of a real node that was meant for this one. */
  answered(claim: Claim, now: number): void {
    this.#liveness.noteForeignFrame(now);
    this.#questions.answered(claim, this.#liveness, now);
  }

  #perform(actions: readonly LivenessAction[], now: number): void {
    for (const action of actions) this.#performOne(action, now);
  }

  #performOne(action: LivenessAction, now: number): void {
    switch (action.do) {
      case 'beat':
        return this.#beat(now);
      case 'confirm':
        return this.#questions.confirm(action.peer, this.#ports.ipsOf(action.peer.node));
      case 'confirm-kernel':
        return this.#questions.confirmKernel(action.peer);
      case 'solicit':
        return this.#questions.solicit(this.#liveness.peers);
      case 'peer-died':
        return this.#ports.buried(action.peer.node, this.node, now - action.silentSince);
      case 'dropped':
      case 'elect':
      case 'peer-joined':
        return undefined;
    }
  }

  #beat(now: number): void {
    this.lastSaidAt = now;
    const failedGates = { dataplane: false, reachability: false };
    const revision = this.#ports.revision();
    const facts = { failedGates, reaches: false, revision, addresses: [], disputed: [] };
    this.#ports.say(this.#liveness.compose(now, facts), this);
  }
}
