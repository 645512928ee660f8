import type { DutyTable } from './duty.ts';
import { diffTables, LiveDutyTable, type Touched } from './duty-table.ts';
import { DUTY_PROTOCOL_VERSION, type DutyChange, type ToSpeaker, type ToWire } from './messages.ts';
import { ProtocolMismatchError } from './sender.ts';

/** What a message meant for the wire. */
export type Received =
  /** `table` changed. */
  | { readonly kind: 'applied'; readonly touched: Touched }
  /** Part of a table that is not complete, or of one that is not wanted any more. */
  | { readonly kind: 'waiting' }
  | { readonly kind: 'answer'; readonly message: ToSpeaker }
  /** Close the connection and tell people. */
  | { readonly kind: 'refused'; readonly error: ProtocolMismatchError };

/** Whether the next message continues what came before. */
type State = 'closed' | 'following' | 'staging' | 'resync-asked';

/** The wire's end of the duty channel. `table` survives the speaker; it changes only by what `receive` returns. */
export class DutyReceiver {
  readonly #incarnation: string;
  readonly #table = new LiveDutyTable();
  #staged = new LiveDutyTable();
  #state: State = 'closed';
  #number = 0;

  /** @param incarnation random at every start of the wire */
  constructor(incarnation: string) {
    this.#incarnation = incarnation;
  }

  /** The same object for ever. */
  get table(): DutyTable {
    return this.#table;
  }

  /** A new connection: what to say first. An unfinished table of the one before is forgotten. */
  connected(): ToSpeaker {
    this.#state = 'closed';
    this.#staged = new LiveDutyTable();
    return { kind: 'hello', protocol: DUTY_PROTOCOL_VERSION, incarnation: this.#incarnation };
  }

  receive(message: ToWire): Received {
    if (message.kind === 'hello') return this.#greet(message.protocol);
    if (message.kind === 'table-start') return this.#startTable(message.number);
    const follows = this.#state !== 'closed' && message.number === this.#number + 1;
    this.#number = message.number;
    if (!follows) return this.#askAgain();
    // It was under way already. Where another gap follows, the table that was asked for may be what is missing.
    if (this.#state === 'resync-asked') return { kind: 'waiting' };
    return message.kind === 'difference' ? this.#change(message.changes) : this.#completeTable();
  }

  #greet(protocol: number): Received {
    if (protocol !== DUTY_PROTOCOL_VERSION) {
      return { kind: 'refused', error: new ProtocolMismatchError(protocol) };
    }
    return { kind: 'waiting' };
  }

  #startTable(number: number): Received {
    this.#state = 'staging';
    this.#number = number;
    this.#staged = new LiveDutyTable();
    return { kind: 'waiting' };
  }

  #change(changes: readonly DutyChange[]): Received {
    if (this.#state === 'following')
      return { kind: 'applied', touched: this.#table.apply(changes) };
    this.#staged.apply(changes);
    return { kind: 'waiting' };
  }

  #completeTable(): Received {
    if (this.#state !== 'staging') return this.#askAgain();
    const changes = diffTables(this.#table, this.#staged);
    this.#staged = new LiveDutyTable();
    this.#state = 'following';
    return { kind: 'applied', touched: this.#table.apply(changes) };
  }

  #askAgain(): Received {
    this.#state = 'resync-asked';
    return { kind: 'answer', message: { kind: 'resync' } };
  }
}
