import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { issueCertificate } from '../../modules/metallb/src/webhook/issue-certificate.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { countOf, DAY_MS, DNS_NAMES, KeeperBench, SharedCertificate } from './keeper-bench.ts';

const QUARTER_MINUTE_MS = 15_000;

async function started(): Promise<{
  clock: FakeClock;
  shared: SharedCertificate;
  bench: KeeperBench;
}> {
  const clock = new FakeClock();
  const shared = new SharedCertificate();
  const bench = new KeeperBench(clock, shared);
  await bench.pass(0);
  return { clock, shared, bench };
}

test('the first replica makes the certificate, has it trusted, stores it and serves it', async () => {
  const { shared, bench } = await started();
  assert.equal(shared.events, ['trust 1', 'secret', 'serve']);
  assert.equal(bench.served, [shared.kept]);
  assert.is(shared.trusted, shared.kept?.authorities);
});

test('a replica that may not write waits for the certificate of another one', async () => {
  const clock = new FakeClock();
  const shared = new SharedCertificate();
  const standby = new KeeperBench(clock, shared);
  standby.mayWrite = false;
  await standby.pass(5_000);
  assert.equal(shared.events, []);
  const leader = new KeeperBench(clock, shared);
  await leader.pass(0);
  await standby.pass(1_000);
  assert.equal(standby.served, leader.served);
  assert.is(standby.served.length, 1);
});

test('of two that begin together one makes the certificate and both serve it', async () => {
  const clock = new FakeClock();
  const shared = new SharedCertificate();
  const benches = [new KeeperBench(clock, shared), new KeeperBench(clock, shared)];
  clock.advance(0);
  for (const bench of benches) await bench.settle();
  for (const bench of benches) await bench.pass(2_000);
  assert.is(shared.events.filter((event) => event === 'secret').length, 1);
  assert.equal(
    benches.map(({ served }) => served),
    [[shared.kept], [shared.kept]],
  );
  assert.is(shared.trusted, shared.kept?.authorities);
});

test('nothing is written while nothing is to be done', async () => {
  const { clock, shared, bench } = await started();
  clock.advance(59 * DAY_MS);
  await bench.pass(60_000);
  assert.equal(shared.events, ['trust 1', 'secret', 'serve']);
});

test('after two thirds of its life it is renewed: trusted first, served ten seconds later', async () => {
  const { clock, shared, bench } = await started();
  const first = shared.kept;
  shared.events.length = 0;
  clock.advance(60 * DAY_MS);
  await bench.settle();
  assert.equal(shared.events, ['trust 2']);
  assert.is(shared.kept, first);
  await bench.pass(9_000);
  assert.equal(shared.events, ['trust 2']);
  await bench.pass(1_000);
  assert.equal(shared.events, ['trust 2', 'secret', 'serve']);
  assert.is.not(shared.kept?.certificate, first?.certificate);
  assert.is(countOf(shared.kept?.authorities ?? ''), 2);
});

test('a replica that does not write serves the renewed one within half a minute', async () => {
  const { clock, shared, bench } = await started();
  const standby = new KeeperBench(clock, shared);
  standby.mayWrite = false;
  await standby.pass(0);
  clock.advance(60 * DAY_MS);
  await bench.settle();
  await bench.pass(QUARTER_MINUTE_MS);
  await standby.pass(2 * QUARTER_MINUTE_MS);
  assert.equal(standby.served, bench.served);
  assert.is(standby.served.length, 2);
});

test('a replica that has found a damaged one serves its successor within a second', async () => {
  const { clock, shared, bench } = await started();
  const standby = new KeeperBench(clock, shared);
  standby.mayWrite = false;
  await standby.pass(0);
  if (shared.kept !== undefined) shared.put({ ...shared.kept, certificate: 'none' });
  // Half a minute until both have found it, and ten seconds until callers trust its successor.
  for (let second = 0; second < 41; second += 1) {
    clock.advance(1_000);
    for (const each of [bench, standby]) await each.settle();
  }
  assert.is(bench.served.length, 2);
  assert.equal(standby.served, bench.served);
});

test('callers trust the old authority until its certificate has expired, and no longer', async () => {
  const { clock, shared, bench } = await started();
  clock.advance(60 * DAY_MS);
  await bench.settle();
  await bench.pass(QUARTER_MINUTE_MS);
  clock.advance(30 * DAY_MS - 60_000);
  await bench.settle();
  assert.is(countOf(shared.trusted), 2);
  await bench.pass(90_000);
  assert.is(countOf(shared.trusted), 1);
  assert.ok(shared.kept?.authorities.startsWith(shared.trusted));
});

test('a renewal that was broken off begins anew and leaves its authority behind', async () => {
  const { clock, shared, bench } = await started();
  clock.advance(60 * DAY_MS);
  await bench.settle();
  await bench.keeper.stop();
  const next = new KeeperBench(clock, shared);
  await next.pass(QUARTER_MINUTE_MS);
  assert.is(countOf(shared.trusted), 2);
  assert.is(shared.trusted, shared.kept?.authorities);
});

test('who must not write any more does not finish a renewal', async () => {
  const { clock, shared, bench } = await started();
  const first = shared.kept;
  clock.advance(60 * DAY_MS);
  await bench.settle();
  bench.mayWrite = false;
  await bench.pass(60_000);
  assert.is(shared.kept, first);
});

test('what somebody else has put into the configuration is put right', async () => {
  const { shared, bench } = await started();
  shared.trusted = '';
  await bench.pass(2 * QUARTER_MINUTE_MS);
  assert.is(shared.trusted, shared.kept?.authorities);
});

test('a Secret that was deleted is made again while callers trust what is served', async () => {
  const { shared, bench } = await started();
  shared.kept = undefined;
  await bench.pass(2 * QUARTER_MINUTE_MS + 10_000);
  assert.equal(shared.events.slice(3), ['trust 2', 'secret', 'serve']);
});

for (const [name, damage, complaints] of [
  ['empty, as the chart brings it,', { certificate: '', privateKey: '', authorities: '' }, 0],
  ['damaged', { certificate: 'none' }, 1],
  ['without its key', { privateKey: 'none' }, 1],
] as const) {
  test(`a Secret that is ${name} is replaced`, async () => {
    const clock = new FakeClock();
    const shared = new SharedCertificate();
    const good = await issueCertificate({ dnsNames: DNS_NAMES, nowEpochMs: clock.epochMs() });
    shared.put({ ...good, ...damage });
    const bench = new KeeperBench(clock, shared);
    await bench.pass(0);
    assert.equal(bench.served, [shared.kept]);
    assert.is(bench.lines.filter((line) => line.includes('of no use')).length, complaints);
  });
}

test('a cluster that can’t be reached is asked again, ever more seldom, and the certificate stays in service', async () => {
  const { shared, bench } = await started();
  let asked = 0;
  shared.read = () => {
    asked += 1;
    return Promise.reject(new Error('connection refused'));
  };
  await bench.pass(300_000);
  assert.ok(asked > 8 && asked < 20, `${asked}`);
  assert.is(bench.served.length, 1);
});

test('neither keys nor certificates are in the log', async () => {
  const { clock, shared, bench } = await started();
  shared.put({ certificate: 'x', privateKey: '-----BEGIN PRIVATE KEY-----\nx', authorities: '' });
  clock.advance(60 * DAY_MS);
  await bench.settle();
  await bench.pass(QUARTER_MINUTE_MS);
  assert.ok(bench.lines.length > 2);
  assert.not.match(bench.lines.join(), /BEGIN|MII/);
});

test('a replica that becomes the one that writes begins at once', async () => {
  const clock = new FakeClock();
  const shared = new SharedCertificate();
  shared.put(await issueCertificate({ dnsNames: DNS_NAMES, nowEpochMs: clock.epochMs() }));
  const bench = new KeeperBench(clock, shared);
  bench.mayWrite = false;
  await bench.pass(0);
  assert.is(shared.trusted, '');
  bench.mayWrite = true;
  bench.keeper.lookNow();
  await bench.pass(0);
  assert.is(shared.trusted, shared.kept?.authorities);
});

test('however often it is told to look, it looks at one time twice a minute', async () => {
  const { shared, bench } = await started();
  let asked = 0;
  const read = () => {
    asked += 1;
    return SharedCertificate.prototype.read.call(shared);
  };
  shared.read = read;
  for (let time = 0; time < 3; time += 1) bench.keeper.lookNow();
  await bench.pass(0);
  assert.is(asked, 3);
  await bench.pass(60_000);
  assert.is(asked, 5);
});

test('after stop nothing is looked at any more', async () => {
  const { shared, bench } = await started();
  await bench.keeper.stop();
  let asked = 0;
  shared.read = () => {
    asked += 1;
    return Promise.resolve(undefined);
  };
  bench.keeper.lookNow();
  await bench.pass(120_000);
  assert.is(asked, 0);
});

test.run();
