import type { DutyTable } from '../duty/duty.ts';
import type { DutyChange, Report } from '../duty/messages.ts';
import { parseToSpeaker } from '../duty/parse-to-speaker.ts';
import { DutySender } from '../duty/sender.ts';
import type { LineConnection, LineHandler, LineOptions } from '../linux/line-socket.ts';
import { MalformedMessageError } from '../messages/parse-fields.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Clock, Timer } from '../time/clock.ts';

/**
 * The first change goes out at once, those that follow within this time go together: a drain changes hundreds of duties
 * one by one, and each message is an election for the wire. A new revision alone is no reason to hurry: the duty that
 * it came before should be the first.
 */
const COALESCE_MS = 10;

/** What a wire link needs from outside. */
export interface WireLinkPorts {
  readonly clock: Clock;
  /** Keeps a connection to the wire open, again after every loss. */
  readonly connect: (options: LineOptions) => { close(): void };
  readonly log: Logger;
  readonly onReport: (report: Report) => void;
  /** The wire's peers know a newer state of the cluster. */
  readonly onRelist: () => void;
  /** Another wire process than before is there: what the one before reported holds no more. */
  readonly onNewWire: () => void;
}

/** This node's wire process as the speaker sees it: takes duties at any time, tells what it does with them. */
export class WireLink {
  readonly #ports: WireLinkPorts;
  readonly #sender = new DutySender();
  #connection: LineConnection | undefined;
  #link: { close(): void } | undefined;
  #incarnation: string | undefined;
  #connected = false;
  #pause: Timer | undefined;
  /** Nothing has been sent yet for which the pause stands. */
  #isPauseIdle = false;

  constructor(ports: WireLinkPorts) {
    this.#ports = ports;
  }

  /** What the wire has been told, or will be as soon as it is there. */
  get table(): DutyTable {
    return this.#sender.table;
  }

  /** Both ends have agreed on the protocol. */
  get connected(): boolean {
    return this.#connected;
  }

  /** Not before there is a table to send: an empty one would take all IPs off the wire. */
  start(): void {
    this.#link ??= this.#ports.connect({
      onConnection: (connection) => this.#accept(connection),
      onError: (error) => this.#ports.log.warn('connection to wire failed', { error }),
    });
  }

  stop(): void {
    this.#pause?.cancel();
    this.#link?.close();
    this.#link = undefined;
    this.#connection?.close();
  }

  update(changes: readonly DutyChange[]): void {
    this.#sender.update(changes);
    const hurries = changes.some((change) => 'unset' in change || change.set !== 'revision');
    if (hurries) this.#flushSoon();
    else if (changes.length > 0 && this.#pause === undefined) this.#pauseSending(true);
  }

  #accept(connection: LineConnection): LineHandler {
    this.#connection = connection;
    for (const message of this.#sender.connected()) connection.send(message);
    return {
      onMessage: (message) => this.#receive(message, connection),
      onClosed: () => {
        if (this.#connection !== connection) return;
        this.#connection = undefined;
        this.#connected = false;
        this.#sender.disconnected();
        this.#ports.log.info('wire is not connected');
      },
    };
  }

  #receive(value: unknown, connection: LineConnection): void {
    const message = parseToSpeaker(value);
    if (message instanceof MalformedMessageError) {
      this.#ports.log.error('wire sent what is no message', { error: message });
      connection.close();
      return;
    }
    const mismatch = this.#sender.received(message);
    if (mismatch !== undefined) {
      this.#ports.log.error('wire speaks another protocol', { error: mismatch });
      connection.close();
      return;
    }
    if (message.kind === 'hello') this.#greeted(message.incarnation);
    else if (message.kind === 'relist') this.#ports.onRelist();
    else if (message.kind === 'report') this.#ports.onReport(message.report);
    this.#flush();
  }

  #greeted(incarnation: string): void {
    this.#connected = true;
    this.#ports.log.info('wire is connected', { incarnation });
    if (incarnation !== this.#incarnation) this.#ports.onNewWire();
    this.#incarnation = incarnation;
  }

  #flushSoon(): void {
    if (this.#pause !== undefined && !this.#isPauseIdle) return;
    this.#pause?.cancel();
    this.#pause = undefined;
    if (this.#flush()) this.#pauseSending(false);
  }

  #pauseSending(isIdle: boolean): void {
    this.#isPauseIdle = isIdle;
    this.#pause = this.#ports.clock.after(COALESCE_MS, () => {
      this.#pause = undefined;
      this.#flushSoon();
    });
  }

  /** @returns whether there was anything to send */
  #flush(): boolean {
    const messages = this.#sender.takeMessages();
    for (const message of messages) this.#connection?.send(message);
    return messages.length > 0;
  }
}
