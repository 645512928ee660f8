import type { PeeringEvent } from '../bgp/peering-action.ts';
import type { SessionFacts } from '../routing/sessions.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Clock } from '../time/clock.ts';
import { NowAndThen } from '../time/now-and-then.ts';
import { missingText, tooLongText } from './session-words.ts';

/** Of what one peer sends that can't be understood, which may be every message. */
const FAULTS_QUIET_MS = 60_000;

/** What becomes of the sessions of this node, in its log. */
export class SessionLog {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #facts: () => readonly SessionFacts[];
  readonly #faults = new NowAndThen(FAULTS_QUIET_MS);

  constructor(clock: Clock, log: Logger, facts: () => readonly SessionFacts[]) {
    this.#clock = clock;
    this.#log = log;
    this.#facts = facts;
  }

  /** @returns whether something else is to be said of the session now */
  hear(peer: string, event: PeeringEvent): boolean {
    const log = this.#log;
    const factsOf = () => this.#facts().find((one) => one.peer === peer);
    switch (event.type) {
      case 'established': {
        const { remote, families, holdMs } = event.negotiated;
        const { asn, routerId } = remote;
        log.info('BGP session established', { peer, asn, routerId, families, holdMs });
        for (const why of factsOf()?.missingFamilies.map(missingText) ?? [])
          log.warn('BGP session without a family', { peer, why });
        return true;
      }
      case 'too-long':
        for (const why of tooLongText(factsOf()?.tooLong ?? []))
          log.warn('BGP routes without room', { peer, why });
        return true;
      case 'fault': {
        const untold = this.#faults.take(peer, this.#clock.now());
        if (untold === undefined) return false;
        const { fault } = event;
        log.warn('BGP peer sent what can not be understood', { peer, fault, untold });
        return false;
      }
      default:
        log.warn(`BGP session ${event.type}`, { peer, why: event.why });
        return true;
    }
  }
}
