import type { DutyTable } from '../duty/duty.ts';
import type { Claim } from '../layer2/claim.ts';
import type { SegmentLiveness } from '../liveness/segment-liveness.ts';
import type { IpAddress } from '../net/ip.ts';
import type { MacAddress } from '../net/mac.ts';
import { Strangers } from './strangers.ts';

const ASK_EVERY_MS = 1_000;
/** Network rule 3: unanswered for this long, and no API that knows better. */
const ABSENT_AFTER_MS = 10_000;

interface Asked {
  ip: IpAddress;
  /** Start of the present silence. */
  silentSince: number;
  nextAt: number;
  absent: boolean;
}

/**
 * Who is there of the nodes that heartbeats tell nothing about (network rule 3): everybody while nobody was ever heard,
 * else those whose heartbeats come with another key. They count as present; each that the API can't vouch for is asked
 * once a second for an IP that should be its own, and is absent after ten seconds of silence.
 */
export class StaticPresence {
  readonly strangers = new Strangers();
  readonly #self: string;
  readonly #liveness: Pick<SegmentLiveness, 'neverHeard' | 'everHeard'>;
  readonly #asked = new Map<string, Asked>();

  constructor(self: string, liveness: Pick<SegmentLiveness, 'neverHeard' | 'everHeard'>) {
    this.#self = self;
    this.#liveness = liveness;
  }

  /** A node that was heard with our key once is judged by that key for ever: anybody can sign with another one. */
  appliesTo(node: string): boolean {
    const { neverHeard } = this.#liveness;
    return neverHeard || (this.strangers.has(node) && !this.#liveness.everHeard(node));
  }

  isAbsent(node: string): boolean {
    return this.#asked.get(node)?.absent === true;
  }

  /** Whether a claim of this address can be the node's own. */
  mayBe(node: string, mac: MacAddress): boolean {
    return this.appliesTo(node) && (this.strangers.macOf(node) ?? mac) === mac;
  }

  /** Whether one of these nodes sends its heartbeats from this address. */
  has(mac: MacAddress): boolean {
    const { strangers } = this;
    return strangers.nodes.some((node) => strangers.macOf(node) === mac && this.appliesTo(node));
  }

  /** A host that is no peer has answered. @returns whether a node counts as present again */
  answered({ ip, mac }: Pick<Claim, 'ip' | 'mac'>, now: number): boolean {
    this.strangers.answered(mac, now);
    let returned = false;
    for (const asked of this.#asked.values()) {
      // Whoever it is: an IP that is served needs nobody to take it.
      if (asked.ip !== ip) continue;
      returned ||= asked.absent;
      Object.assign(asked, { silentSince: now, absent: false });
    }
    return returned;
  }

  /** Ask from now on about those who should announce an IP. */
  watch(winners: Iterable<[IpAddress, string]>, table: DutyTable, now: number): void {
    if (!this.#liveness.neverHeard && this.strangers.nodes.length === 0) return;
    for (const [ip, node] of winners) {
      if (!this.#isInDoubt(node, ip, table)) continue;
      const asked = this.#asked.get(node);
      if (asked !== undefined) asked.ip = ip;
      else this.#asked.set(node, { ip, silentSince: now, nextAt: now, absent: false });
    }
  }

  /**
   * Where nothing at all is heard, silence may be the network's, and the API knows better. A stranger's frames have
   * come through: its silence is its own.
   */
  #isInDoubt(node: string, ip: IpAddress, { duties, groups }: DutyTable): boolean {
    if (node === this.#self || !this.appliesTo(node)) return false;
    if (this.strangers.has(node)) return true;
    const members = groups.get(duties.get(ip)?.group ?? '')?.members ?? [];
    return members.some((member) => member.node === node && member.ready === 'unknown');
  }

  forgetAll(): void {
    this.#asked.clear();
  }

  /** @returns whether somebody is absent or present from now on, or a stranger no longer */
  judge(table: DutyTable, now: number): boolean {
    let changed = this.strangers.expire(now);
    for (const [node, asked] of this.#asked) {
      const wasAbsent = asked.absent;
      asked.absent = now - asked.silentSince >= ABSENT_AFTER_MS;
      // An IP that is no more can't be answered: another one has to be asked for.
      const isOver = !this.appliesTo(node) || !table.duties.has(asked.ip);
      if (isOver) this.#asked.delete(node);
      changed ||= wasAbsent !== (asked.absent && !isOver);
    }
    return changed;
  }

  /** IPs to ask everybody for now. */
  due(now: number): IpAddress[] {
    const due = [...this.#asked.values()].filter(({ nextAt }) => now >= nextAt);
    for (const asked of due) asked.nextAt = now + ASK_EVERY_MS;
    return due.map(({ ip }) => ip);
  }

  nextDeadline(): number {
    return Math.min(
      Number.POSITIVE_INFINITY,
      ...[...this.#asked.values()].map(({ nextAt }) => nextAt),
    );
  }
}
