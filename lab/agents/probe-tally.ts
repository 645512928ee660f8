/**
 * A probe without an answer for this long is lost, also when one comes later: a kernel that asks for a MAC in vain keeps
 * packets for the second until it asks again. An answer that comes sooner may have waited for a busy processor.
 */
export const ANSWER_WITHIN_MS = 500;

interface Probe {
  readonly sentAt: number;
  /** Its connection stood. */
  opened: boolean;
  fate: 'waits' | 'answered' | 'failed';
}

/** What became of the probes to one IP. */
export class ProbeTally {
  readonly ip: string;
  readonly #keepOrder: boolean;
  readonly #now: () => number;
  #probes: Probe[] = [];
  /** Number of the first probe since the last reset; answers to earlier ones count no more. */
  #first = 0;

  /** @param keepOrder whether no answer overtakes another: what an answered probe has overtaken is lost */
  constructor(ip: string, keepOrder: boolean, now = () => performance.now()) {
    this.ip = ip;
    this.#keepOrder = keepOrder;
    this.#now = now;
  }

  /** A packet may be under way, or wait in this host for a MAC. */
  get waits(): boolean {
    const awaitedSince = this.#now() - ANSWER_WITHIN_MS;
    for (let index = this.#probes.length - 1; index >= 0; index -= 1) {
      const probe = this.#probes[index];
      if (probe === undefined || probe.sentAt < awaitedSince) return false;
      if (probe.fate === 'waits') return true;
    }
    return false;
  }

  /** @returns the number of the probe that is sent now */
  begin(): number {
    this.#probes.push({ sentAt: this.#now(), opened: false, fate: 'waits' });
    return this.#first + this.#probes.length - 1;
  }

  opened(number: number): void {
    const probe = this.#probes[number - this.#first];
    if (probe !== undefined) probe.opened = true;
  }

  ended(number: number, fate: 'answered' | 'failed'): void {
    const probe = this.#probes[number - this.#first];
    if (probe === undefined) return;
    const isLate = this.#now() - probe.sentAt >= ANSWER_WITHIN_MS;
    probe.fate = isLate ? 'failed' : fate;
  }

  reset(): void {
    this.#first += this.#probes.length;
    this.#probes = [];
  }

  /** Leaves out the last probes as long as their answers may be under way. */
  report() {
    const now = this.#now();
    const last = this.#probes.findLastIndex(({ fate }) => fate === 'answered');
    const overtaken = this.#keepOrder ? last : -1;
    const settled = this.#probes.filter(
      ({ sentAt, fate }, index) =>
        fate !== 'waits' || index < overtaken || sentAt < now - ANSWER_WITHIN_MS,
    );
    const lost = settled.filter(({ fate }) => fate !== 'answered');
    return {
      ip: this.ip,
      sent: settled.length,
      lost: lost.length,
      cut: lost.filter(({ opened }) => opened).length,
      darkMs: longestDark(settled, now),
      silentMs: last < 0 ? Number.MAX_SAFE_INTEGER : now - (this.#probes[last]?.sentAt ?? now),
    };
  }
}

/** From the last answered probe before a loss to the first answered one after it; the longest such time. */
function longestDark(probes: readonly Probe[], now: number): number {
  let darkMs = 0;
  let lastAnswered = probes[0]?.sentAt ?? 0;
  let losing = false;
  for (const { fate, sentAt } of probes) {
    if (fate !== 'answered') {
      losing = true;
      continue;
    }
    if (losing) darkMs = Math.max(darkMs, sentAt - lastAnswered);
    losing = false;
    lastAnswered = sentAt;
  }
  return losing ? Math.max(darkMs, now - lastAnswered) : darkMs;
}
