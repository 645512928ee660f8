import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { BgpMetrics, type CountedSession } from '../../modules/metallb/src/speaker/bgp-metrics.ts';
import { EventLoopDelay } from '../../modules/metallb/src/telemetry/event-loop-delay.ts';
import { Metrics } from '../../modules/metallb/src/telemetry/metrics.ts';
import { MirroredMetrics } from '../../modules/metallb/src/telemetry/mirrored-metrics.ts';
import { FakeClock } from '../support/fake-clock.ts';

/** One that has everything which is counted of any. */
const SESSION: CountedSession = {
  ...{ neighbor: '10.9.0.254', port: 179, state: 'Established' },
  ...{ updatesSent: 0, toldPrefixes: 0, pendingPrefixes: 0 },
  bfd: { standing: 'Up', why: '' },
};
const root = new URL('../../', import.meta.url);
const REGISTERS = /\bmetrics\.(?:gauge|counter|histogram)\(|new MirroredMetrics\(/;
const WIRE_COUNTER = /(?:counters\.(?:add|set)|#show)\(\s*'(\w+)'/g;

/** Every class that registers metrics of its own, wherever in the product it is. */
async function registering() {
  const source = new URL('modules/metallb/src/', root);
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && REGISTERS.test(readFileSync(new URL(file, source), 'utf8')),
  );
  const modules = files.map(async (file) => {
    assert.match(basename(file), /-metrics\.ts$/, `${file} registers metrics`);
    const exported: object = await import(new URL(file, source).href);
    return Object.values(exported).filter((one) => typeof one === 'function');
  });
  return (await Promise.all(modules)).flat();
}

async function namesIn(metrics: Metrics): Promise<string[]> {
  const text = await metrics.render();
  return [...text.matchAll(/^# TYPE (\w+)/gm)].map(([, name = '']) => name);
}

async function registered(): Promise<string[]> {
  const names = (await registering()).map(async (each) => {
    const metrics = new Metrics();
    const instance: unknown = Reflect.construct(each, [metrics]);
    if (instance instanceof BgpMetrics)
      instance.show({ sessions: [SESSION], refusedConnections: 0 });
    // What another process counts is registered when it is told: see `ofTheWire`.
    else if (!(instance instanceof MirroredMetrics))
      assert.ok((await namesIn(metrics)).length > 0, `${each.name} shows what it registers`);
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

test('docs/reference/metrics.md lists every metric, and none that does not exist', async () => {
  const text = readFileSync(new URL('docs/reference/metrics.md', root), 'utf8');
  const listed = [...text.matchAll(/^\| `(metallb_\w+)`/gm)].map(([, name = '']) => name);
  const exposed = [...(await registered()), ...ofTheWire()];
  assert.ok(exposed.length > 15);
  assert.equal([...new Set(listed)].sort(), [...new Set(exposed)].sort());
});

test.run();
