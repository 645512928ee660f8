import {
  BGP_REASON,
  type BgpNotification,
  describeNotification,
  notificationOf,
} from '../packet/bgp-error.ts';
import type { BgpOpen } from '../packet/bgp-open.ts';
import type { FsmPhase } from './fsm.ts';

const SEND_HOLD_EXPIRED = describeNotification(notificationOf(BGP_REASON.sendHoldTimerExpired));

/** TCP MD5 of another password is dropped as if nobody had sent it (RFC 2385 §2). */
const NO_ANSWER =
  'the peer does not answer: it is away, a filter is between, or its password is another';

const [OPEN_ERROR] = BGP_REASON.badPeerAs;

/** What of this node's OPEN a NOTIFICATION is about, by its subcode (RFC 4271 §6.2, 5492 §3, 9234 §4.2). */
const OFFERED: Readonly<Record<number, (own: BgpOpen) => string>> = {
  [BGP_REASON.badPeerAs[1]]: ({ asn }) => `this node is AS ${asn}`,
  [BGP_REASON.badIdentifier[1]]: ({ routerId }) => `this node has the router ID ${routerId}`,
  [BGP_REASON.unacceptableHoldTime[1]]: ({ holdSeconds }) => `this node offers ${holdSeconds} s`,
  [BGP_REASON.unsupportedCapability[1]]: ({ capabilities }) =>
    `this node offers routes of ${capabilities.families.join(' and ')}`,
  [BGP_REASON.roleMismatch[1]]: ({ capabilities }) => `this node is ${capabilities.role}`,
};

/** Why there is no session, for people: what the other side does not say, they have to be told. */
export class PeeringWords {
  readonly #own: BgpOpen;
  #why = 'not started';
  /** Of a NOTIFICATION since the last session or start, whichever side sent it. */
  #reason: string | undefined;

  /** @param own what this node says of itself */
  constructor(own: BgpOpen) {
    this.#own = own;
  }

  /** Empty: there is a session. */
  get why(): string {
    return this.#why;
  }

  /** What was before is of no interest any more. */
  begin(why: string): void {
    this.#why = why;
    this.#reason = undefined;
  }

  /** A NOTIFICATION of the peer; one about the OPEN with what the OPEN said. */
  heard(notification: BgpNotification): void {
    const { code, subcode } = notification;
    const offered = code === OPEN_ERROR ? OFFERED[subcode] : undefined;
    const said = `the peer says ${describeNotification(notification)}`;
    this.#because(offered === undefined ? said : `${said}: ${offered(this.#own)}`);
  }

  /** @param fault what is wrong with the message that it answers */
  sent(notification: BgpNotification, fault: string | undefined): void {
    this.#because([describeNotification(notification), fault ?? []].flat().join(': '));
  }

  /** Without a word. @param how such as `connection closed by the peer` */
  lost(how: string, phase: FsmPhase): void {
    if (phase !== 'OpenSent') {
      this.#why = how;
    } else if (this.#reason === undefined) {
      const expected = `expected that it knows this node's address as a neighbor of AS ${this.#own.asn}`;
      this.#why = `${how} before it said anything: ${expected}`;
    } else {
      // Routers do so after an error, until they are ready to try again.
      this.#why = `${this.#reason}; since then: ${how} before it said anything`;
    }
  }

  doesNotAnswer(): void {
    this.#why = NO_ANSWER;
  }

  /** Nor would it take a NOTIFICATION that says so. */
  takesNothing(): void {
    this.#why = SEND_HOLD_EXPIRED;
  }

  #because(reason: string): void {
    this.#why = reason;
    this.#reason = reason;
  }
}
