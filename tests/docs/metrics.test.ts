import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ControllerMetrics } from '../../modules/metallb/src/controller/controller-metrics.ts';
import { WebhookMetrics } from '../../modules/metallb/src/controller/webhook-metrics.ts';
import { BgpMetrics, type CountedSession } from '../../modules/metallb/src/speaker/bgp-metrics.ts';
import { SpeakerMetrics } from '../../modules/metallb/src/speaker/speaker-metrics.ts';
import { EventLoopDelay } from '../../modules/metallb/src/telemetry/event-loop-delay.ts';
import { EventMetrics } from '../../modules/metallb/src/telemetry/event-metrics.ts';
import { Metrics } from '../../modules/metallb/src/telemetry/metrics.ts';
import { FakeClock } from '../support/fake-clock.ts';

/** One that has everything which is counted of any. */
const SESSION: CountedSession = {
  ...{ neighbor: '10.9.0.254', port: 179, state: 'Established' },
  ...{ updatesSent: 0, toldPrefixes: 0, pendingPrefixes: 0 },
  bfd: { standing: 'Up', why: '' },
};
const root = new URL('../../', import.meta.url);
const WIRE_COUNTER = /(?:counters\.(?:add|set)|#show)\(\s*'(\w+)'/g;

async function registered(): Promise<string[]> {
  const metrics = new Metrics();
  new SpeakerMetrics(metrics);
  new ControllerMetrics(metrics);
  new EventMetrics(metrics);
  new WebhookMetrics(metrics);
  new BgpMetrics(metrics).show({ sessions: [SESSION], refusedConnections: 0 });
  const delay = new EventLoopDelay(new FakeClock());
  metrics.showEventLoop(delay);
  delay.stop();
  const text = await metrics.render();
  return [...text.matchAll(/^# TYPE (\w+)/gm)].map(([, name = '']) => name);
}

function ofTheWire(): string[] {
  const folder = new URL('modules/metallb/src/wire/', root);
  const texts = readdirSync(folder).map((file) => readFileSync(new URL(file, folder), 'utf8'));
  const names = texts.flatMap((text) =>
    [...text.matchAll(WIRE_COUNTER)].map(([, name = '']) => name),
  );
  return names.map((name) => `metallb_wire_${name}`);
}

test('docs/reference/metrics.md lists every metric, and none that does not exist', async () => {
  const text = readFileSync(new URL('docs/reference/metrics.md', root), 'utf8');
  const listed = [...text.matchAll(/^\| `(metallb_\w+)`/gm)].map(([, name = '']) => name);
  const exposed = [...(await registered()), ...ofTheWire()];
  assert.ok(exposed.length > 15);
  assert.equal([...new Set(listed)].sort(), [...new Set(exposed)].sort());
});

test.run();
