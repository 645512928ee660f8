import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { EventLoopDelay } from '../../modules/metallb/src/telemetry/event-loop-delay.ts';
import { Metrics } from '../../modules/metallb/src/telemetry/metrics.ts';
import { MirroredMetrics } from '../../modules/metallb/src/telemetry/mirrored-metrics.ts';
import { FakeClock } from '../support/fake-clock.ts';

test('names get the prefix', async () => {
  const metrics = new Metrics();
  metrics.counter({ name: 'moves_total', help: 'Moves', labels: ['reason'] }).inc({ reason: 'x' });
  metrics.gauge({ name: 'ips', help: 'IPs' }).set(3);
  const page = await metrics.render();
  assert.match(page, /^# TYPE metallb_moves_total counter$/m);
  assert.match(page, /^metallb_moves_total\{reason="x"\} 1$/m);
  assert.match(page, /^metallb_ips 3$/m);
});

test('two programs in one process do not share metrics', async () => {
  new Metrics().gauge({ name: 'ips', help: 'IPs' }).set(3);
  assert.not.match(await new Metrics().render(), /metallb_ips/);
});

test('the delay of the event loop is shown by percentile', async () => {
  const metrics = new Metrics();
  const delay = new EventLoopDelay(new FakeClock());
  metrics.showEventLoop(delay);
  assert.match(
    await metrics.render(),
    /^metallb_event_loop_delay_seconds\{percentile="99"\} [\d.e-]+$/m,
  );
  delay.stop();
});

test('a mirrored counter goes on growing when the other process restarts', async () => {
  const metrics = new Metrics();
  const mirrored = new MirroredMetrics(metrics, 'From the wire process');
  const labels = { reason: 'x' };
  for (const value of [5, 7, 7, 2, 3]) {
    mirrored.update([{ name: 'drops_total', type: 'counter', labels, value }]);
  }
  mirrored.update([{ name: 'drops_total', type: 'counter', labels: { reason: 'y' }, value: 1 }]);
  const page = await metrics.render();
  assert.match(page, /^metallb_drops_total\{reason="x"\} 10$/m);
  assert.match(page, /^metallb_drops_total\{reason="y"\} 1$/m);
});

test('a mirrored gauge shows the last value, as long as the other process shows it', async () => {
  const metrics = new Metrics();
  const mirrored = new MirroredMetrics(metrics, 'From the wire process');
  for (const value of [5, 2]) {
    mirrored.update([{ name: 'peers', type: 'gauge', labels: { state: 'heard' }, value }]);
  }
  assert.match(await metrics.render(), /^metallb_peers\{state="heard"\} 2$/m);
  mirrored.update([{ name: 'peers', type: 'gauge', labels: { state: 'lost' }, value: 1 }]);
  assert.not.match(await metrics.render(), /heard/);
});

test.run();
