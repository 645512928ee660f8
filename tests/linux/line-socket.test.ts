import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  connectLines,
  type LineConnection,
  type LineOptions,
  listenLines,
} from '../../modules/metallb/src/linux/line-socket.ts';
import { FakeClock } from '../support/fake-clock.ts';

const test = suite('line-socket', { path: '' });
const closers: (() => void)[] = [];

test.before.each((context) => {
  context.path = join(mkdtempSync(join(tmpdir(), 'lines-')), 'run', 'wire.sock');
});
test.after.each(({ path }) => {
  for (const close of closers.splice(0)) close();
  rmSync(join(path, '..', '..'), { recursive: true });
});

/** One end, as a log of what happened there to wait in. */
class End {
  connection: LineConnection | undefined;
  readonly #log: string[] = [];
  #wake: () => void = () => undefined;

  readonly options: LineOptions = {
    onConnection: (connection) => {
      this.connection = connection;
      this.#happened('connected');
      return {
        onMessage: (message) => this.#happened(JSON.stringify(message)),
        onClosed: () => this.#happened('closed'),
      };
    },
    onError: (error) => this.#happened(error.message),
  };

  /** Resolves with everything so far once `text` is in it that often; the runner's limit for a file bounds the wait. */
  async until(text: string, times = 1): Promise<readonly string[]> {
    while (this.#log.filter((entry) => entry === text).length < times) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#log;
  }

  #happened(text: string): void {
    this.#log.push(text);
    this.#wake();
  }
}

async function listen(path: string): Promise<End> {
  const end = new End();
  const listener = await listenLines(path, end.options);
  closers.push(listener.close);
  return end;
}

function connectTo(path: string, clock = new FakeClock()): End {
  const end = new End();
  const connector = connectLines(path, { ...end.options, clock, random: () => 0 });
  closers.push(connector.close);
  return end;
}

test('messages go both ways in order; only the owner may connect', async ({ path }) => {
  const wire = await listen(path);
  const speaker = connectTo(path);
  await Promise.all([wire.until('connected'), speaker.until('connected')]);
  for (const number of [1, 2]) speaker.connection?.send({ number, text: 'a\nб' });
  wire.connection?.send({ kind: 'resync' });
  assert.equal(await wire.until('{"number":2,"text":"a\\nб"}'), [
    'connected',
    '{"number":1,"text":"a\\nб"}',
    '{"number":2,"text":"a\\nб"}',
  ]);
  await speaker.until('{"kind":"resync"}');
  assert.is(statSync(path).mode & 0o777, 0o600);
});

test('a socket file that a dead process left is replaced', async ({ path }) => {
  const first = await listen(path);
  connectTo(path);
  await first.until('connected');
  const second = await listen(path);
  connectTo(path);
  await second.until('connected');
});

test('a new connection replaces the old', async ({ path }) => {
  const wire = await listen(path);
  const old = connectTo(path);
  await Promise.all([wire.until('connected'), old.until('connected')]);
  const fresh = connectTo(path);
  await Promise.all([old.until('closed'), fresh.until('connected')]);
  fresh.connection?.send({ from: 'fresh' });
  await wire.until('{"from":"fresh"}');
});

test('the connector connects again after every loss, at once when the last connection was good', async ({
  path,
}) => {
  const clock = new FakeClock();
  const speaker = connectTo(path, clock);
  // Nobody listens yet: the delays double.
  for (let failure = 0; failure < 5; failure += 1) await nextAttempt(clock, 1_000);
  const wire = await listen(path);
  await nextAttempt(clock, 1_000);
  for (const times of [1, 2, 3]) {
    await Promise.all([wire.until('connected', times), speaker.until('connected', times)]);
    clock.advance(1_000);
    wire.connection?.close();
    await speaker.until('closed', times);
    await nextAttempt(clock, 20);
  }
});

test('ends that part at once meet again later and later', async ({ path }) => {
  const clock = new FakeClock();
  const wire = await listen(path);
  const speaker = connectTo(path, clock);
  for (const [times, delayMs] of [20, 40, 80, 160].entries()) {
    await Promise.all([wire.until('connected', times + 1), speaker.until('connected', times + 1)]);
    wire.connection?.close();
    await speaker.until('closed', times + 1);
    await nextAttempt(clock, delayMs - 1);
    const log = await nextAttempt(clock, 1).then(() => wire.until('connected', times + 1));
    assert.is(log.filter((entry) => entry === 'connected').length, times + 1, 'not before');
  }
});

/** Sees the last connection end, then lets `delayMs` pass. */
async function nextAttempt(clock: FakeClock, delayMs: number): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await eventLoopTurn();
  clock.advance(delayMs);
}

function eventLoopTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

for (const line of ['not JSON\n', `${'x'.repeat(5 * 1_024 * 1_024)}`]) {
  test(`a line of ${line.length} that is not ours closes the connection with an error`, async ({
    path,
  }) => {
    const wire = await listen(path);
    const socket = connect(path);
    closers.push(() => socket.destroy());
    socket.on('error', () => undefined);
    socket.write(`{"good":1}\n${line}`);
    const log = await wire.until('closed');
    assert.ok(log.includes('the other end sent a line that is too long or not JSON'));
  });
}

test('a peer that does not read loses the connection', async ({ path }) => {
  const wire = await listen(path);
  const socket = connect(path).pause();
  closers.push(() => socket.destroy());
  await wire.until('connected');
  const text = 'x'.repeat(1_024 * 1_024);
  for (let sent = 0; sent < 40; sent += 1) wire.connection?.send({ text });
  const log = await wire.until('closed');
  assert.equal(log, ['connected', 'the other end does not read', 'closed']);
  wire.connection?.send({ text });
});

test('a directory that can not be made is an error', async ({ path }) => {
  writeFileSync(join(path, '..', '..', 'file'), '');
  const inFile = join(path, '..', '..', 'file', 'wire.sock');
  const error = await listenLines(inFile, new End().options).catch((reason: unknown) => reason);
  assert.instance(error, Error);
});

test.run();
