import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { constants, setPriority } from 'node:os';
import { join } from 'node:path';
import { mayUseBgp } from '../api/edition.ts';
import { connectLines } from '../linux/line-socket.ts';
import { exitWithParent, leaveRefusalToParent, tellParent, whenLeaving } from '../linux/parent.ts';
import type { HeartbeatKey } from '../packet/heartbeat.ts';
import { readKeyFile, watchKeyFile } from '../settings/key-file.ts';
import { watchedNamespaces } from '../settings/metallb-settings.ts';
import { NODE_SETTINGS, type NodeSettings } from '../settings/node-settings.ts';
import { runProgram } from '../settings/run-program.ts';
import { UsageError } from '../settings/settings.ts';
import { InvalidError } from '../store/errors.ts';
import { EventRecorder } from '../store/event-recorder.ts';
import type { EventSink } from '../store/event-sink.ts';
import { EventLoopDelay } from '../telemetry/event-loop-delay.ts';
import { EventMetrics } from '../telemetry/event-metrics.ts';
import { healthAnswer, ListenError, type Routes, serveHttp } from '../telemetry/http-server.ts';
import { createLogger, type Logger } from '../telemetry/logger.ts';
import { Metrics } from '../telemetry/metrics.ts';
import { every } from '../time/every.ts';
import { systemClock } from '../time/system-clock.ts';
import { openHostSight } from './host-sight.ts';
import { openStore } from './open-store.ts';
import { Speaker } from './speaker.ts';
import { SpeakerMetrics } from './speaker-metrics.ts';
import { recallLastKnownGood, writeLastKnownGood } from './state-file.ts';

const PULSE_MS = 1_000;
const BOOT_ID = '/proc/sys/kernel/random/boot_id';

function recorderOf(sink: EventSink, metrics: EventMetrics, log: Logger): EventRecorder {
  return new EventRecorder({
    sink,
    clock: systemClock,
    random: Math.random,
    onSent: () => metrics.sent(),
    onDropped: (reason) => metrics.dropped(reason),
    onRefused: (error) => log.warn('event not told', { error }),
  });
}

/** None from a file that can't be read: the wire says what is wrong with it. */
function keysIn(path: string): readonly HeartbeatKey[] {
  try {
    return readKeyFile(path);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return [];
  }
}

async function createSpeaker(settings: NodeSettings, metrics: Metrics, log: Logger) {
  const { node, runDir, clusterId, heartbeatKeyFile } = settings;
  const { lbClass, followEndpoints, bgpListenPort } = settings;
  const hasBgp = mayUseBgp(settings.edition);
  const namespaces = watchedNamespaces(settings);
  const installationWith = (keys: readonly HeartbeatKey[]) => {
    return { clusterId, keyIds: keys.map(({ id }) => id) };
  };
  const keys = keysIn(heartbeatKeyFile);
  const installation = installationWith(keys);
  const statePath = join(runDir, 'last-known-good.json');
  await mkdir(runDir, { recursive: true });
  const bootId = readFileSync(BOOT_ID, 'utf8').trim();
  const { store, events } = openStore(settings, { clock: systemClock, log });
  const chances = { clock: systemClock, random: Math.random };
  const speaker = new Speaker(
    {
      store,
      events: recorderOf(events, new EventMetrics(metrics), log),
      ...chances,
      log,
      metrics: new SpeakerMetrics(metrics),
      connectWire: (options) => connectLines(join(runDir, 'wire.sock'), { ...options, ...chances }),
      bfdd: {
        connect: (options) => connectLines(join(runDir, 'bfdd.sock'), { ...options, ...chances }),
        setWanted: (wanted) => tellParent({ kind: 'wants-bfdd', wanted }),
      },
      bgpListenPort,
      lastKnownGood: await recallLastKnownGood(statePath, { node, installation }, log),
      writeState: (state) => writeLastKnownGood(statePath, state),
      sight: openHostSight(settings, bootId, log),
      metallb: { lbClass, namespaces, followEndpoints, hasBgp },
      onReady: () => tellParent({ kind: 'ready' }),
    },
    { node, installation, bootId },
  );
  watchKeyFile(heartbeatKeyFile, keys, {
    clock: systemClock,
    onKeys: (changed) => speaker.rekeyed(installationWith(changed)),
    onError: () => undefined,
  });
  return speaker;
}

function routesOf(speaker: Speaker, metrics: Metrics): Routes {
  return {
    '/metrics': async () => {
      speaker.showFigures();
      return { status: 200, contentType: metrics.contentType, body: await metrics.render() };
    },
    '/healthz': () => healthAnswer(true, {}),
    '/readyz': () => healthAnswer(speaker.ready, speaker.health),
    '/status': () => healthAnswer(true, speaker.status()),
  };
}

async function serveMetrics({ metricsAddress }: NodeSettings, routes: Routes): Promise<void> {
  try {
    await serveHttp(metricsAddress, routes);
  } catch (error) {
    if (!(error instanceof ListenError)) throw error;
    throw new UsageError(`--metrics-address: ${error.message}`, { cause: error });
  }
}

async function run(settings: NodeSettings): Promise<void> {
  exitWithParent();
  // The parent kills a speaker whose event loop stands still.
  every(systemClock, PULSE_MS, () => tellParent({ kind: 'pulse' }));
  // On a busy node the wire goes first: its heartbeats and answers can't wait, status can.
  setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  const log = createLogger({ program: 'speaker', level: settings.logLevel }).with({
    node: settings.node,
  });
  const metrics = new Metrics();
  const speaker = await createSpeaker(settings, metrics, log);
  metrics.showEventLoop(new EventLoopDelay(systemClock));
  await serveMetrics(settings, routesOf(speaker, metrics));
  // A failure of it is one of `stop`, too.
  whenLeaving(() => void speaker.leave().catch(() => undefined));
  const stop = () => void speaker.stop().finally(() => process.exit(0));
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  try {
    await speaker.start();
  } catch (error) {
    if (!(error instanceof InvalidError)) throw error;
    throw new UsageError(`--store: ${error.message}`, { cause: error });
  }
}

await runProgram({ name: 'node', table: NODE_SETTINGS, run, leaveRefusal: leaveRefusalToParent });
