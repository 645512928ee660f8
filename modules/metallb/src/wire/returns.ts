import { FLAP_MEMORY_MS, type HoldDown, type Returned } from '../liveness/own-state.ts';
import { type Clock, formatTimestamp } from '../time/clock.ts';
import type { Conditions } from './conditions.ts';
import { CutOff } from './cut-off.ts';

/** How often this node came back to a segment, kept where it outlives a boot. */
export interface KeptReturns {
  readonly times: number;
  /** Wall clock: no other one goes on across a boot. */
  readonly lastEpochMs: number;
}

/** What it needs of the world. */
export interface ReturnsPorts {
  readonly clock: Clock;
  keptReturns(): KeptReturns | undefined;
  keepReturns(returns: KeptReturns): void;
}

const NEVER: Returned = { times: 0, lastAt: Number.NEGATIVE_INFINITY };

/** How this node comes back to a segment: noticed, remembered across restarts, and told while it holds down for it. */
export class Returns {
  readonly #ports: ReturnsPorts;
  /** Of the hold-down that was told. */
  #toldAt = Number.NEGATIVE_INFINITY;

  readonly #cutOff: CutOff;

  constructor(ports: ReturnsPorts, detectionMs: number) {
    this.#ports = ports;
    this.#cutOff = new CutOff(detectionMs);
  }

  isHeardAgain(...seen: Parameters<CutOff['ends']>): boolean {
    return this.#cutOff.ends(...seen);
  }

  /** Of earlier processes. A clock that was set back makes an old return a new one: at worst it holds down for longer. */
  before(now: number): Returned {
    const kept = this.#ports.keptReturns();
    if (kept === undefined) return NEVER;
    const agoMs = Math.max(0, this.#ports.clock.epochMs() - kept.lastEpochMs);
    return { times: kept.times, lastAt: now - agoMs };
  }

  tell(holdDown: HoldDown | undefined, conditions: Conditions): void {
    if (holdDown === undefined) return conditions.set('HoldingDown', false, '');
    if (holdDown.lastAt === this.#toldAt) return;
    this.#toldAt = holdDown.lastAt;
    const { clock } = this.#ports;
    const offsetMs = clock.epochMs() - clock.now();
    this.#ports.keepReturns({
      times: holdDown.times,
      lastEpochMs: Math.round(holdDown.lastAt + offsetMs),
    });
    const until = formatTimestamp(Math.ceil((holdDown.until + offsetMs) / 1_000) * 1_000);
    conditions.set('HoldingDown', true, messageOf(holdDown.times, until));
  }
}

function messageOf(times: number, until: string): string {
  const within = `for the ${ordinal(times)} time within ${FLAP_MEMORY_MS / 60_000} minutes`;
  const what = times === 1 ? 'this node was away and came back' : `this node came back ${within}`;
  return `${what}: its IPs stay with other nodes until ${until}`;
}

function ordinal(number: number): string {
  const lastTwo = number % 100;
  const suffix = ['th', 'st', 'nd', 'rd'][lastTwo > 10 && lastTwo < 14 ? 0 : number % 10] ?? 'th';
  return `${number}${suffix}`;
}
