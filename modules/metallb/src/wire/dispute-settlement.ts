import type { IpAddress } from '../net/ip.ts';
import type { DisputedIp, Heartbeat } from '../packet/heartbeat.ts';
import { Disputes, settle } from './disputes.ts';
import type { SegmentPorts } from './segment-options.ts';

type DisputePorts = Pick<SegmentPorts, 'counters' | 'digestOf' | 'table'>;

/** What a dispute is settled by, and what may come of it. */
export interface DisputeParty {
  isAnnouncer(ip: IpAddress): boolean;
  /** Decides again, now. */
  elect(ip: IpAddress): void;
  /** Gives the IP up. */
  withdraw(ip: IpAddress, reason: string): void;
  /** Announces it again with a whole burst. */
  repeat(ip: IpAddress, now: number): void;
}

/**
 * Two nodes announce one IP (network rules 6 and 20). Each elects again; who still finds itself tells the other in a
 * heartbeat, with its duty's digest, which shows who knows more. Until then nobody shouts louder.
 */
export class DisputeSettlement {
  readonly #interface: string;
  readonly #ports: DisputePorts;
  readonly #party: DisputeParty;
  readonly #disputes = new Disputes();

  constructor(interfaceName: string, ports: DisputePorts, party: DisputeParty) {
    this.#interface = interfaceName;
    this.#ports = ports;
    this.#party = party;
  }

  /** A peer announces what we announce. */
  claimed(ip: IpAddress, now: number): void {
    this.#party.elect(ip);
    if (!this.#party.isAnnouncer(ip)) return;
    this.#ports.counters.add('disputes_total', { interface: this.#interface });
    this.#disputes.claimed(ip, now);
  }

  /** Nothing of this node to dispute any more. */
  silenced(ip: IpAddress): void {
    this.#disputes.settled(ip);
  }

  /** One heartbeat is too little for what is disputed. */
  get pileUp(): boolean {
    return this.#disputes.isBehind;
  }

  /** Disputes to name in the next heartbeat. */
  nextPage(now: number): DisputedIp[] {
    return this.#disputes.nextPage(now, (ip) => this.#ports.digestOf(ip));
  }

  /**
   * A peer names IPs that it announces although we do.
   * @returns whether some were given up because the peer knows a newer cluster state
   */
  settle(heartbeat: Heartbeat, now: number): boolean {
    return heartbeat.disputed.filter((one) => this.#settleOne(one, heartbeat, now)).length > 0;
  }

  #settleOne(disputed: DisputedIp, heartbeat: Heartbeat, now: number): boolean {
    const { ip } = disputed;
    if (!this.#party.isAnnouncer(ip)) return false;
    const ours = { digest: this.#ports.digestOf(ip), revision: this.#ports.table().revision };
    if (settle(ours, disputed, heartbeat) === 'withdraw') {
      this.#party.withdraw(ip, `${heartbeat.node} knows a newer cluster state`);
      return true;
    }
    this.#insist(ip, now);
    return false;
  }

  /** Whoever stays announcer after the views were compared says so with a whole burst (network rule 20). */
  #insist(ip: IpAddress, now: number): void {
    this.#party.elect(ip);
    if (this.#party.isAnnouncer(ip) && this.#disputes.mayBurst(ip, now))
      this.#party.repeat(ip, now);
  }
}
