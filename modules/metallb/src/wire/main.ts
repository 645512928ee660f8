import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { longestDataplaneWaitMs } from '../duty/dataplane-wait.ts';
import type { ToSpeaker } from '../duty/messages.ts';
import { parseToWire } from '../duty/parse-to-wire.ts';
import { DutyReceiver } from '../duty/receiver.ts';
import { type LineConnection, listenLines } from '../linux/line-socket.ts';
import { watchLinks } from '../linux/link-watch.ts';
import { openGroupSocket, SolicitedNodeGroups } from '../linux/multicast-membership.ts';
import {
  KeptByParent,
  leaveRefusalToParent,
  type Resume,
  startedByParent,
  tellParent,
} from '../linux/parent.ts';
import { ReturnMemory } from '../linux/return-memory.ts';
import type { HeartbeatKeys } from '../packet/heartbeat.ts';
import { readKeyFile, watchKeyFile } from '../settings/key-file.ts';
import { NODE_SETTINGS, type NodeSettings } from '../settings/node-settings.ts';
import { runProgram } from '../settings/run-program.ts';
import { EventLoopDelay } from '../telemetry/event-loop-delay.ts';
import { createLogger, type Logger } from '../telemetry/logger.ts';
import { every } from '../time/every.ts';
import { systemClock } from '../time/system-clock.ts';
import { Counters } from './counters.ts';
import { Ending } from './ending.ts';
import { openFrameSocket } from './frame-socket.ts';
import { rehearse } from './rehearsal.ts';
import { parseResumeState } from './restart-memory.ts';
import type { SegmentOptions } from './segment-options.ts';
import { Wire, type WirePorts } from './wire.ts';

const PULSE_MS = 100;
const REPORT_MS = 1_000;
const READY_POLL_MS = 50;
/** More would keep the event loop for longer than a question may wait. */
const MAX_IP_COUNTS = 1_000;

function optionsFrom(settings: NodeSettings): SegmentOptions {
  return {
    node: settings.node,
    cluster: settings.clusterId,
    keys: readKeyFile(settings.heartbeatKeyFile),
    heartbeatGroup: settings.heartbeatGroup,
    heartbeatIntervalMs: settings.heartbeatIntervalMs,
    heartbeatMultiplier: settings.heartbeatMultiplier,
    holdDownMs: settings.holdDownMs,
    holdDownMaxMs: settings.holdDownMaxMs,
    restartGraceMs: settings.restartGraceMs,
    dutyWaitMs: longestDataplaneWaitMs(settings.dataplaneWaitMs),
    announcePerSecond: settings.announceRate,
    backgroundPerSecond: settings.backgroundRate,
    excludeInterfaces: settings.excludeInterfaces,
  };
}

/** Solicited-node groups of all interfaces. */
function multicastGroups(logger: Logger) {
  const byInterface = new Map<string, SolicitedNodeGroups>();
  return (interfaceName: string): SolicitedNodeGroups => {
    const known = byInterface.get(interfaceName);
    if (known !== undefined) return known;
    const groups = new SolicitedNodeGroups(interfaceName, {
      clock: systemClock,
      random: Math.random,
      openSocket: () => openGroupSocket(interfaceName),
      onError: (error) => logger.warn('not in a multicast group, trying again', { error }),
    });
    byInterface.set(interfaceName, groups);
    return groups;
  };
}

class WireProgram {
  readonly #settings: NodeSettings;
  readonly #logger: Logger;
  readonly #counters = new Counters();
  readonly #loopDelay = new EventLoopDelay(systemClock);
  readonly #receiver = new DutyReceiver(randomBytes(8).toString('hex'));
  readonly #options: SegmentOptions;
  readonly #wire: Wire;
  readonly #kept = new KeptByParent();
  #speaker: LineConnection | undefined;

  constructor(settings: NodeSettings) {
    this.#settings = settings;
    this.#logger = createLogger({ program: 'wire', level: settings.logLevel }).with({
      node: settings.node,
    });
    this.#options = optionsFrom(settings);
    this.#wire = new Wire(this.#ports(), this.#options);
  }

  #ports(): WirePorts {
    const groups = multicastGroups(this.#logger);
    return {
      clock: systemClock,
      counters: this.#counters,
      random: Math.random,
      randomBytes: (length) => randomBytes(length),
      openSocket: (link, pools, listener) =>
        openFrameSocket(link, pools, {
          ...{ ...listener, clock: systemClock, cluster: this.#settings.clusterId },
          onError: (error) =>
            this.#logger.error("can't capture as wanted", { error, interface: link.name }),
        }),
      joinGroup: (name, ip) => groups(name).add(ip),
      leaveGroup: (name, ip) => groups(name).remove(ip),
      report: (report) => {
        const isMove = report.type === 'announced' || report.type === 'withdrawn';
        // The speaker logs what it is told; without one, nobody else would.
        if (isMove && this.#speaker === undefined) this.#logger.info(report.type, { ...report });
        this.#tell({ kind: 'report', report });
      },
      relist: () => this.#tell({ kind: 'relist' }),
      returns: new ReturnMemory(join(this.#settings.runDir, 'returns.json'), (error) =>
        this.#logger.warn("can't keep how often this node came back", { error }),
      ),
      table: () => this.#receiver.table,
      afterQueuedFrames: (run) => setImmediate(() => setImmediate(run)),
      remember: (entries) => this.#kept.remember(entries),
      log: (message, facts) => this.#logger.info(message, { ...facts }),
    };
  }

  async start(resume: Resume | undefined): Promise<void> {
    // First of all, as clients wait: listening and starting `ip` take as long as opening the captures does.
    if (resume !== undefined) await this.#resume(resume);
    await listenLines(join(this.#settings.runDir, 'wire.sock'), {
      onConnection: (connection) => this.#greet(connection),
      onError: (error) => this.#logger.warn('connection to the speaker lost', { error }),
    });
    watchLinks({
      clock: systemClock,
      random: Math.random,
      onPicture: (links) => this.#wire.setLinks(links),
      onError: (error) => this.#logger.warn('link watch', { error }),
    });
    watchKeyFile(this.#settings.heartbeatKeyFile, this.#options.keys, {
      clock: systemClock,
      onKeys: (keys) => this.#setKeys(keys),
      onError: (error) =>
        this.#logger.error("can't use the heartbeat keys, going on with those of before", {
          error,
        }),
    });
    every(systemClock, PULSE_MS, () => tellParent({ kind: 'pulse' }));
    every(systemClock, REPORT_MS, () => this.#reportRegularly());
    const ending = this.#ending();
    process.on('SIGTERM', () => ending.begin());
    process.on('SIGINT', () => ending.begin());
    this.#tellWhenReady();
  }

  #setKeys(keys: HeartbeatKeys): void {
    this.#logger.info('the heartbeat keys have changed', { keyIds: keys.map(({ id }) => id) });
    this.#wire.setKeys(keys);
  }

  #ending(): Ending {
    return new Ending(
      {
        clock: systemClock,
        isDraining: () => this.#receiver.table.draining,
        handsOver: () => this.#wire.handsOver,
        sayRestarting: () => this.#wire.sayRestarting(),
        exit: () => process.exit(0),
      },
      { graceMs: this.#settings.terminationGraceMs },
    );
  }

  #tellWhenReady(): void {
    if (this.#wire.ready) tellParent({ kind: 'ready' });
    else systemClock.after(READY_POLL_MS, () => this.#tellWhenReady());
  }

  async #resume({ state, ageMs }: Resume): Promise<void> {
    const { heartbeatIntervalMs, heartbeatMultiplier } = this.#settings;
    const parsed = parseResumeState(state);
    if (parsed === undefined || ageMs > heartbeatIntervalMs * heartbeatMultiplier) return;
    this.#logger.info('resuming', { ageMs, ...parsed });
    await this.#wire.resume(parsed);
  }

  #reportRegularly(): void {
    for (const { percentile, seconds } of this.#loopDelay.figures()) {
      this.#counters.set('event_loop_delay_seconds', { percentile }, seconds);
    }
    this.#tell({
      kind: 'report',
      report: { type: 'counters', counters: this.#counters.snapshot() },
    });
    this.#tell({ kind: 'report', report: this.#wire.report() });
    // Without a speaker they wait for one.
    if (this.#speaker === undefined) return;
    const counts = this.#counters.ofIps.take(MAX_IP_COUNTS);
    if (counts.length > 0) this.#tell({ kind: 'report', report: { type: 'ip-counts', counts } });
  }

  #tell(message: ToSpeaker): void {
    this.#speaker?.send(message);
  }

  #greet(connection: LineConnection) {
    this.#speaker = connection;
    connection.send(this.#receiver.connected());
    for (const report of this.#wire.standingReports()) this.#tell({ kind: 'report', report });
    return {
      onMessage: (message: unknown) => this.#receive(connection, message),
      onClosed: () => {
        if (this.#speaker === connection) this.#speaker = undefined;
      },
    };
  }

  #receive(connection: LineConnection, value: unknown): void {
    const message = parseToWire(value);
    if (message instanceof Error) {
      this.#logger.error('the speaker sent what the wire does not understand', { error: message });
      connection.close();
      return;
    }
    const received = this.#receiver.receive(message);
    if (received.kind === 'applied') this.#wire.tableChanged(received.touched);
    if (received.kind === 'answer') connection.send(received.message);
    if (received.kind === 'refused') {
      this.#logger.error('the speaker is of another version', { error: received.error });
      connection.close();
    }
  }
}

async function run(settings: NodeSettings): Promise<void> {
  const started = startedByParent();
  rehearse();
  await new WireProgram(settings).start(await started);
}

await runProgram({
  name: 'node',
  table: NODE_SETTINGS,
  run,
  leaveRefusal: leaveRefusalToParent,
});
