import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { CONTROLLER_SETTINGS, type ControllerSettings } from '../settings/controller-settings.ts';
import { watchedNamespaces } from '../settings/metallb-settings.ts';
import { runProgram } from '../settings/run-program.ts';
import { UsageError } from '../settings/settings.ts';
import { InvalidError, StoreUnavailableError } from '../store/errors.ts';
import { EventRecorder } from '../store/event-recorder.ts';
import type { EventSink } from '../store/event-sink.ts';
import { EventLoopDelay } from '../telemetry/event-loop-delay.ts';
import { EventMetrics } from '../telemetry/event-metrics.ts';
import { healthAnswer, ListenError, type Routes, serveHttp } from '../telemetry/http-server.ts';
import { createLogger, type Logger } from '../telemetry/logger.ts';
import { Metrics } from '../telemetry/metrics.ts';
import { systemClock } from '../time/system-clock.ts';
import { Controller } from './controller.ts';
import { ControllerMetrics } from './controller-metrics.ts';
import { fencedStore } from './fenced-store.ts';
import { Leadership, type LeadershipOptions } from './leadership.ts';
import { openCluster } from './open-cluster.ts';
import { openWebhook, startWebhook } from './open-webhook.ts';
import { WebhookMetrics } from './webhook-metrics.ts';

function routesOf(controller: Controller, leads: () => boolean, metrics: Metrics): Routes {
  const isLeading = () => controller.leading && leads();
  const own = new ControllerMetrics(metrics);
  const figures = () => ({
    isReady: controller.ready,
    isLeading: isLeading(),
    queueDepth: controller.queueDepth,
    usage: controller.usage(),
    metallbUsage: controller.metallbUsage(),
    refusedByEdition: controller.refusedByEdition(),
  });
  const facts = () => ({ leading: isLeading(), queueDepth: controller.queueDepth });
  return {
    '/metrics': async () => {
      own.show(figures());
      return { status: 200, contentType: metrics.contentType, body: await metrics.render() };
    },
    '/healthz': () => healthAnswer(true, {}),
    '/readyz': () => healthAnswer(controller.ready, facts()),
  };
}

/** Unique in the cluster and in time: a pod that starts anew is somebody else. */
function leadershipOptions({ leaseDurationMs }: ControllerSettings): LeadershipOptions {
  return {
    identity: `${hostname()}_${randomBytes(4).toString('hex')}`,
    durationMs: leaseDurationMs,
    // What is left of the duration is for writes under way, and for clocks that don't run alike.
    renewDeadlineMs: (leaseDurationMs * 2) / 3,
    retryMs: leaseDurationMs / 6,
  };
}

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

async function run(settings: ControllerSettings): Promise<void> {
  const log = createLogger({ program: 'controller', level: settings.logLevel });
  const metrics = new Metrics();
  const ports = { clock: systemClock, random: Math.random, log };
  const leads = () => leadership?.leads ?? cluster.lease === undefined;
  const cluster = openCluster(settings, {
    ...{ ...ports, leads },
    onConfigMap: (read) => controller.configMapRead(read),
  });
  const store = fencedStore(cluster.store, leads);
  const events = recorderOf(cluster.events, new EventMetrics(metrics), log);
  const controller = new Controller(
    { ...ports, store, tell: (occurrence) => events.record(occurrence) },
    { ...settings, metallbNamespaces: watchedNamespaces(settings) },
  );
  const leadership =
    cluster.lease &&
    new Leadership(
      {
        ...ports,
        lease: cluster.lease,
        onLeading: () => {
          controller.lead();
          opened?.lead();
        },
        onLapse: cluster.interruptWrites,
        onStandby: () => controller.standBy(),
      },
      leadershipOptions(settings),
    );
  const opened =
    cluster.api &&
    openWebhook(settings, {
      ...{ ...ports, ...cluster.api, metrics: new WebhookMetrics(metrics) },
      view: () => controller.view,
      mayWrite: leads,
    });
  metrics.showEventLoop(new EventLoopDelay(systemClock));
  const stop = async () => {
    // What is under way is written to its end; only then another replica may lead.
    await Promise.all([controller.stop(), opened?.webhook?.stop()]);
    await leadership?.stop();
    await events.stop();
    await store.stop();
    process.exit(0);
  };
  process.once('SIGTERM', () => void stop());
  process.once('SIGINT', () => void stop());
  try {
    await serveHttp(settings.metricsAddress, routesOf(controller, leads, metrics));
    await store.start();
    await startWebhook(opened?.webhook);
  } catch (error) {
    throw inTermsOfSettings(error);
  }
  if (leadership === undefined) controller.lead();
  else leadership.start();
  log.info('started', { store: settings.store });
}

/** Names the setting to look at: what the system says of a port or a directory doesn't. */
function inTermsOfSettings(error: unknown): unknown {
  if (error instanceof ListenError) {
    return new UsageError(`--metrics-address: ${error.message}`, { cause: error });
  }
  if (error instanceof InvalidError || error instanceof StoreUnavailableError) {
    return new UsageError(`--store: ${error.message}`, { cause: error });
  }
  return error;
}

await runProgram({ name: 'controller', table: CONTROLLER_SETTINGS, run });
