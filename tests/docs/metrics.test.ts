import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ControllerMetrics } from '../../modules/metallb/src/controller/controller-metrics.ts';
import { MetallbMetrics } from '../../modules/metallb/src/controller/metallb-metrics.ts';
import { WebhookMetrics } from '../../modules/metallb/src/controller/webhook-metrics.ts';
import { BgpMetrics, type CountedSession } from '../../modules/metallb/src/speaker/bgp-metrics.ts';
import { IpMetrics } from '../../modules/metallb/src/speaker/ip-metrics.ts';
import { SpeakerMetrics } from '../../modules/metallb/src/speaker/speaker-metrics.ts';
import { EventLoopDelay } from '../../modules/metallb/src/telemetry/event-loop-delay.ts';
import { EventMetrics } from '../../modules/metallb/src/telemetry/event-metrics.ts';
import { Metrics } from '../../modules/metallb/src/telemetry/metrics.ts';
import { FakeClock } from '../support/fake-clock.ts';

/** One that has everything which is counted of any. */
const SESSION: CountedSession = {
  ...{ neighbor: '10.9.0.254', port: 179, state: 'Established' },
  ...{ tooLong: [], updatesSent: 0, toldPrefixes: 0, pendingPrefixes: 0 },
  bfd: { standing: 'Up', why: '' },
};
const root = new URL('../../', import.meta.url);
const REGISTERS = /\bmetrics\.(?:gauge|counter|histogram)\(|new MirroredMetrics\(/;
const WIRE_COUNTER = /(?:counters\.(?:add|set)|#show)\(\s*'(\w+)'/g;

/** Who registers metrics, by file. What mirrors those of another process has none of its own: see `ofTheWire`. */
const REGISTERING: Readonly<Record<string, (metrics: Metrics) => void>> = {
  'controller/controller-metrics.ts': (metrics) => new ControllerMetrics(metrics),
  'controller/metallb-metrics.ts': (metrics) => new MetallbMetrics(metrics),
  'controller/webhook-metrics.ts': (metrics) => new WebhookMetrics(metrics),
  'speaker/bgp-metrics.ts': (metrics) =>
    new BgpMetrics(metrics).show({ sessions: [SESSION], refusedConnections: 0 }),
  'speaker/ip-metrics.ts': (metrics) => new IpMetrics(metrics),
  'speaker/speaker-metrics.ts': (metrics) => new SpeakerMetrics(metrics),
  'telemetry/event-metrics.ts': (metrics) => new EventMetrics(metrics),
  'telemetry/mirrored-metrics.ts': () => undefined,
};

async function namesIn(metrics: Metrics): Promise<string[]> {
  const text = await metrics.render();
  return [...text.matchAll(/^# TYPE (\w+)/gm)].map(([, name = '']) => name);
}

async function registered(): Promise<string[]> {
  const names = Object.values(REGISTERING).map((register) => {
    const metrics = new Metrics();
    register(metrics);
    return namesIn(metrics);
  });
  const common = new Metrics();
  const delay = new EventLoopDelay(new FakeClock());
  common.showEventLoop(delay);
  delay.stop();
  return [...(await Promise.all(names)).flat(), ...(await namesIn(common))];
}

function ofTheWire(): string[] {
  const folder = new URL('modules/metallb/src/wire/', root);
  const texts = readdirSync(folder).map((file) => readFileSync(new URL(file, folder), 'utf8'));
  const names = texts.flatMap((text) =>
    [...text.matchAll(WIRE_COUNTER)].map(([, name = '']) => name),
  );
  return names.map((name) => `metallb_wire_${name}`);
}

test('whatever in the product registers metrics is looked at here', () => {
  const source = new URL('modules/metallb/src/', root);
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && REGISTERS.test(readFileSync(new URL(file, source), 'utf8')),
  );
  assert.equal(files.sort(), Object.keys(REGISTERING));
});

test('docs/reference/metrics.md lists every metric, and none that does not exist', async () => {
  const text = readFileSync(new URL('docs/reference/metrics.md', root), 'utf8');
  const listed = [...text.matchAll(/^\| `(metallb_\w+)`/gm)].map(([, name = '']) => name);
  const exposed = [...(await registered()), ...ofTheWire()];
  assert.ok(exposed.length > 15);
  assert.equal([...new Set(listed)].sort(), [...new Set(exposed)].sort());
});

test.run();
