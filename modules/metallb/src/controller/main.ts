import { ManifestStore } from '../manifests/manifest-store.ts';
import { formatManifestProblem } from '../manifests/parse-documents.ts';
import { CONTROLLER_SETTINGS, type ControllerSettings } from '../settings/controller-settings.ts';
import { runProgram } from '../settings/run-program.ts';
import { UsageError } from '../settings/settings.ts';
import { InvalidError, StoreUnavailableError } from '../store/errors.ts';
import type { Store } from '../store/store.ts';
import { EventLoopDelay } from '../telemetry/event-loop-delay.ts';
import { healthAnswer, ListenError, type Routes, serveHttp } from '../telemetry/http-server.ts';
import { createLogger, type Logger } from '../telemetry/logger.ts';
import { Metrics } from '../telemetry/metrics.ts';
import { systemClock } from '../time/system-clock.ts';
import { Controller } from './controller.ts';
import { ControllerMetrics } from './controller-metrics.ts';

function openStore({ store }: ControllerSettings, log: Logger): Store {
  if (store.kind === 'kubernetes') {
    throw new UsageError('--store kubernetes is not there yet: expected manifests:DIRECTORY');
  }
  return new ManifestStore({
    directory: store.directory,
    writer: { role: 'controller' },
    clock: systemClock,
    onProblem: (problem) =>
      log.warn('manifest is wrong', { problem: formatManifestProblem(problem) }),
  });
}

function routesOf(controller: Controller, metrics: Metrics): Routes {
  const own = new ControllerMetrics(metrics);
  const figures = () => ({
    isReady: controller.ready,
    queueDepth: controller.queueDepth,
    usage: controller.usage(),
  });
  return {
    '/metrics': async () => {
      own.show(figures());
      return { status: 200, contentType: metrics.contentType, body: await metrics.render() };
    },
    '/healthz': () => healthAnswer(true, {}),
    '/readyz': () => healthAnswer(controller.ready, { queueDepth: controller.queueDepth }),
  };
}

async function run(settings: ControllerSettings): Promise<void> {
  const log = createLogger({ program: 'controller', level: settings.logLevel });
  const store = openStore(settings, log);
  const metrics = new Metrics();
  const { coolDownMs } = settings;
  const ports = { store, clock: systemClock, random: Math.random, log };
  const controller = new Controller(ports, { coolDownMs });
  metrics.showEventLoop(new EventLoopDelay(systemClock));
  const stop = async () => {
    await controller.stop();
    await store.stop();
    process.exit(0);
  };
  process.once('SIGTERM', () => void stop());
  process.once('SIGINT', () => void stop());
  try {
    await serveHttp(settings.metricsAddress, routesOf(controller, metrics));
    await store.start();
  } catch (error) {
    throw inTermsOfSettings(error);
  }
  controller.start();
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
