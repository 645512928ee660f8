import { join } from 'node:path';
import { BFD_PROTOCOL_VERSION, type BfdReport, type FromBfdd } from '../bfd/messages.ts';
import { parseToBfdd } from '../bfd/parse-messages.ts';
import { afterReading, openBfdReceiver, openBfdSender } from '../linux/bfd-socket.ts';
import { type LineConnection, listenLines } from '../linux/line-socket.ts';
import {
  KeptByParent,
  leaveRefusalToParent,
  type Resume,
  startedByParent,
  tellParent,
} from '../linux/parent.ts';
import { NODE_SETTINGS, type NodeSettings } from '../settings/node-settings.ts';
import { runProgram } from '../settings/run-program.ts';
import { createLogger, type Logger } from '../telemetry/logger.ts';
import { every } from '../time/every.ts';
import { systemClock } from '../time/system-clock.ts';
import { Sessions } from './sessions.ts';

const PULSE_MS = 100;
const REPORT_MS = 1_000;
/** What has been said last leaves this machine. */
const LAST_WORDS_MS = 100;

class BfdProgram {
  readonly #settings: NodeSettings;
  readonly #logger: Logger;
  readonly #sessions: Sessions;
  #speaker: LineConnection | undefined;
  readonly #kept = new KeptByParent();

  constructor(settings: NodeSettings) {
    this.#settings = settings;
    this.#logger = createLogger({ program: 'bfdd', level: settings.logLevel }).with({
      node: settings.node,
    });
    this.#sessions = new Sessions({
      ...{ clock: systemClock, random: Math.random, afterReading },
      ...{ openReceiver: openBfdReceiver, openSender: openBfdSender },
      tell: (name, report) => this.#tell(name, report),
      remember: (entries) => this.#kept.remember(entries),
    });
  }

  async start(resume: Resume | undefined): Promise<void> {
    // Before all else: peers miss this node already.
    if (resume !== undefined) this.#resume(resume);
    // From now on what is kept is this process's, be it nothing.
    this.#kept.remember({});
    await listenLines(join(this.#settings.runDir, 'bfdd.sock'), {
      onConnection: (connection) => this.#greet(connection),
      onError: (error) => this.#logger.warn('connection to the speaker lost', { error }),
    });
    every(systemClock, PULSE_MS, () => tellParent({ kind: 'pulse' }));
    every(systemClock, REPORT_MS, () => this.#sessions.tellChanges());
    process.once('SIGTERM', () => this.#end());
    process.once('SIGINT', () => this.#end());
    tellParent({ kind: 'ready' });
  }

  #resume({ state, ageMs }: Resume): void {
    if (typeof state !== 'object' || state === null) return;
    this.#sessions.resume({ ...state }, ageMs);
    this.#logger.info('resuming', { ageMs, sessions: [...this.#sessions.reports.keys()] });
  }

  #tell(name: string, report: BfdReport): void {
    const level = report.standing === 'Down' ? 'warn' : 'info';
    this.#logger[level]('bfd session', { session: name, ...report });
    this.#send({ kind: 'standing', name, ...report });
  }

  #send(message: FromBfdd): void {
    this.#speaker?.send(message);
  }

  #greet(connection: LineConnection) {
    this.#speaker = connection;
    this.#send({ kind: 'hello', protocol: BFD_PROTOCOL_VERSION });
    for (const [name, report] of this.#sessions.reports) {
      this.#send({ kind: 'standing', name, ...report });
    }
    return {
      onMessage: (message: unknown) => this.#receive(connection, message),
      onClosed: () => {
        if (this.#speaker === connection) this.#speaker = undefined;
      },
    };
  }

  #receive(connection: LineConnection, value: unknown): void {
    const message = parseToBfdd(value);
    if (message instanceof Error) {
      this.#logger.error('the speaker sent what bfdd does not understand', { error: message });
      connection.close();
    } else if (message.kind === 'sessions') this.#sessions.setWanted(message.sessions);
    else if (message.protocol !== BFD_PROTOCOL_VERSION) {
      this.#logger.error('the speaker is of another version', { protocol: message.protocol });
      connection.close();
    }
  }

  #end(): void {
    this.#sessions.shutDown();
    systemClock.after(LAST_WORDS_MS, () => process.exit(0));
  }
}

async function run(settings: NodeSettings): Promise<void> {
  await new BfdProgram(settings).start(await startedByParent());
}

await runProgram({
  name: 'node',
  table: NODE_SETTINGS,
  run,
  leaveRefusal: leaveRefusalToParent,
});
