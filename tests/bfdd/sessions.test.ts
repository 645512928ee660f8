import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { BfdNetwork, wanted } from '../support/bfd-network.ts';

const ROUTER = '192.0.2.254';
const OTHER = '192.0.2.253';
const UP = `neighbour ${ROUTER}: Up`;
const SLOWER = { desiredMinTxMs: 200, requiredMinRxMs: 200, detectMultiplier: 3 };

/** With one router whose session is Up. */
function begun(): BfdNetwork {
  const network = new BfdNetwork();
  network.addRouter(ROUTER);
  network.boot().setWanted([wanted(ROUTER)]);
  network.pass(3_000);
  assert.is(network.reports.at(-1), UP);
  network.reports.length = 0;
  return network;
}

test('a session that is wanted comes Up, and says what it waits for until then', () => {
  const network = new BfdNetwork();
  const sessions = network.boot();
  sessions.setWanted([wanted(ROUTER)]);
  assert.equal(network.reports, [
    `neighbour ${ROUTER}: Waiting, nothing has come from the peer yet`,
  ]);
  network.addRouter(ROUTER);
  network.pass(3_000);
  assert.is(network.reports.at(-1), UP);
  assert.equal([...sessions.reports.values()], [{ standing: 'Up', why: '' }]);
});

test('a router that is gone is a failure after the detection time', () => {
  const network = begun();
  network.removeRouter(ROUTER);
  network.pass(99);
  assert.equal(network.reports, []);
  network.pass(60);
  assert.equal(network.reports, [
    `neighbour ${ROUTER}: Down, nothing came from the peer for 150 ms`,
  ]);
});

test('a router that has failed and shuts BFD down when it is back: nothing is held against it', () => {
  const network = begun();
  network.removeRouter(ROUTER);
  network.pass(1_000);
  network.addRouter(ROUTER).speaker.shutDown();
  network.pass(1_000);
  assert.equal(network.reports, [
    `neighbour ${ROUTER}: Down, nothing came from the peer for 150 ms`,
    `neighbour ${ROUTER}: AdminDown, the peer has shut the session down`,
  ]);
});

test('a router that speaks BFD no more after a failure is waited for no longer than half a minute', () => {
  const network = begun();
  network.removeRouter(ROUTER);
  network.pass(29_900);
  network.tellChanges();
  assert.is(network.reports.length, 1);
  network.pass(200);
  network.tellChanges();
  assert.equal(network.reports.slice(1), [
    `neighbour ${ROUTER}: Waiting, nothing came from the peer for 150 ms`,
  ]);
});

test('a router that goes on to say that the path has failed is waited for', () => {
  const network = begun();
  const { speaker } = network.addRouter(ROUTER);
  // From now on it hears nothing of ours.
  network.isDeaf = true;
  for (let seconds = 0; seconds < 60; seconds += 1) {
    network.pass(1_000);
    network.tellChanges();
  }
  assert.is(speaker.session('us')?.state, 'Down');
  assert.ok(network.reports.every((report) => report.includes(': Down')));
});

test('a router that shuts BFD down is told of as such', () => {
  const network = new BfdNetwork();
  const router = network.addRouter(ROUTER);
  network.boot().setWanted([wanted(ROUTER)]);
  network.pass(3_000);
  router.speaker.shutDown();
  network.pass(1_500);
  assert.is(
    network.reports.at(-1),
    `neighbour ${ROUTER}: AdminDown, the peer has shut the session down`,
  );
});

test('what is wanted as before goes on, with other timers too', () => {
  const network = begun();
  const sessions = network.boot();
  sessions.setWanted([wanted(ROUTER)]);
  network.pass(3_000);
  network.reports.length = 0;
  sessions.setWanted([wanted(OTHER), wanted(ROUTER, { timers: SLOWER })]);
  network.pass(3_000);
  assert.equal(network.reports, [
    `neighbour ${OTHER}: Waiting, nothing has come from the peer yet`,
  ]);
  network.removeRouter(ROUTER);
  network.pass(1_000);
  assert.is(
    network.reports.at(-1),
    `neighbour ${ROUTER}: Down, nothing came from the peer for 600 ms`,
  );
});

test('a session that is wanted no more tells its peer that it is no failure', () => {
  const network = new BfdNetwork();
  const router = network.addRouter(ROUTER);
  const sessions = network.boot();
  sessions.setWanted([wanted(ROUTER)]);
  network.pass(3_000);
  sessions.setWanted([]);
  network.pass(10);
  assert.equal(router.told, ['up', 'ended']);
  assert.is(network.receivers.size, 0);
  assert.is(network.memory.size, 0);
});

test('a shutdown tells all peers that it is no failure, and leaves nothing to resume', () => {
  const network = new BfdNetwork();
  const router = network.addRouter(ROUTER);
  const sessions = network.boot();
  sessions.setWanted([wanted(ROUTER)]);
  network.pass(3_000);
  assert.is(network.memory.size, 1);
  sessions.shutDown();
  network.pass(10);
  assert.equal(router.told, ['up', 'ended']);
  assert.is(network.memory.size, 0);
});

test('killed and restarted, it goes on Up by the same port before anybody has told it of sessions', () => {
  const network = new BfdNetwork();
  const router = network.addRouter(ROUTER);
  network.boot().setWanted([wanted(ROUTER)]);
  network.pass(3_000);
  const next = network.restart(60);
  assert.equal([...next.reports.values()], [{ standing: 'Up', why: '' }]);
  network.pass(1_000);
  next.setWanted([wanted(ROUTER)]);
  network.pass(1_000);
  assert.equal([...next.reports.values()], [{ standing: 'Up', why: '' }]);
  assert.equal(router.told, ['up']);
  const [first, second] = network.sourcePorts;
  assert.equal([network.sourcePorts.length, second], [2, first]);
});

test('restarted when its peer has given up by now, it begins anew and tells of no failure', () => {
  const network = new BfdNetwork();
  const router = network.addRouter(ROUTER);
  network.boot().setWanted([wanted(ROUTER)]);
  network.pass(3_000);
  network.reports.length = 0;
  const next = network.restart(150);
  assert.is(next.reports.size, 0);
  network.pass(200);
  assert.equal(router.told, ['up', 'failed']);
  next.setWanted([wanted(ROUTER)]);
  network.pass(3_000);
  assert.equal(network.reports, [
    `neighbour ${ROUTER}: Waiting, nothing has come from the peer yet`,
    UP,
  ]);
});

test('what was kept and is none of this version is left alone', () => {
  const network = new BfdNetwork();
  const sessions = network.boot();
  sessions.resume({ one: { wanted: { name: 'x' } }, two: 'x' }, 10);
  assert.is(sessions.reports.size, 0);
});

test('neighbours share a socket that takes nothing from further away; peers further away have a rule each', () => {
  const network = new BfdNetwork();
  const far = { isMultihop: true, minimumTtl: 250 };
  network
    .boot()
    .setWanted([wanted(ROUTER), wanted(OTHER), wanted('198.51.100.1', { name: 'far', ...far })]);
  const seen = [...network.receivers].map(({ options, rules }) => [
    options.port,
    rules.map(({ source, minimumTtl }) => `${source ?? 'any'} ${minimumTtl}`),
  ]);
  assert.equal(seen, [
    [3784, ['any 255']],
    [4784, ['198.51.100.1 250']],
  ]);
});

test('what the kernel refuses is told, and tried again', () => {
  const network = new BfdNetwork();
  network.addRouter(ROUTER);
  network.refusal = 'bind to 0.0.0.0 port 3784: EADDRINUSE';
  network.boot().setWanted([wanted(ROUTER)]);
  network.pass(1_000);
  assert.equal(network.reports, [
    `neighbour ${ROUTER}: Waiting, can't receive: bind to 0.0.0.0 port 3784: EADDRINUSE`,
  ]);
  network.refusal = undefined;
  network.pass(3_000);
  assert.is(network.reports.at(-1), UP);
});

test('an interface that is gone and comes back gets sockets anew, and the session its port', () => {
  const network = new BfdNetwork();
  network.addRouter(ROUTER);
  const sessions = network.boot();
  sessions.setWanted([wanted(ROUTER, { interface: 'eth1' })]);
  network.pass(3_000);
  const [before] = network.receivers;
  network.refusal = 'ENODEV';
  network.pass(500);
  sessions.tellChanges();
  assert.is(network.reports.at(-1), `neighbour ${ROUTER}: Down, can't receive: ENODEV`);
  network.refusal = undefined;
  network.pass(5_000);
  assert.is(network.reports.at(-1), UP);
  assert.is.not([...network.receivers][0], before);
  assert.is(new Set(network.sourcePorts).size, 1);
});

test.run();
