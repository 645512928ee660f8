import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

/** Between two looks at what has no event: without it, looking takes more than all that is looked at. */
const LOOK_AGAIN_MS = 20;

// Real processes: the real program, with children that do what a test needs.
const WRONG = `
if (process.argv.includes('--wrong')) {
  process.send({ kind: 'refused', sentence: '--wrong is not right' });
}
`;
const SPEAKER = `
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
process.on('disconnect', () => process.exit(1));
process.on('message', ({ kind }) => appendFileSync(join(import.meta.dirname, 'heard'), kind + '\\n'));
${WRONG}
process.send({ kind: 'ready' });
setInterval(() => process.send({ kind: 'pulse' }), 1000);
if (process.argv.includes('--bfd')) process.send({ kind: 'wants-bfdd', wanted: true });
process.on('SIGUSR2', () => process.send({ kind: 'wants-bfdd', wanted: false }));
`;
const BFDD = `
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
process.on('disconnect', () => process.exit(1));
process.on('message', (message) => {
  process.send({ kind: 'remember', entries: { session: 'Up' }, anew: true });
  setInterval(() => process.send({ kind: 'pulse' }), 50);
  const told = JSON.stringify(message) + '\\n';
  process.send({ kind: 'pulse' }, () => appendFileSync(join(import.meta.dirname, 'resumed'), told));
});
`;
const WIRE = `
import { existsSync, appendFileSync } from 'node:fs';
import { join } from 'node:path';
const directory = import.meta.dirname;
const told = join(directory, 'resumed');
process.on('disconnect', () => process.exit(1));
appendFileSync(join(directory, 'loaded'), process.pid + '\\n');
${WRONG}
process.on('message', ({ resume }) => {
  if (resume !== undefined) appendFileSync(told, JSON.stringify(resume) + '\\n');
  process.send({ kind: 'remember', entries: { pools: ['old'], ip: true, ended: true }, anew: true });
  process.send({ kind: 'remember', entries: { pools: ['new'], ended: null }, anew: false });
  process.send({ kind: 'ready' });
  const mayEnd = () => !process.argv.includes('--hands-over') || existsSync(join(directory, 'heard'));
  process.on('SIGTERM', () => setInterval(() => mayEnd() && process.exit(0), 100));
  const pulse = () => process.send({ kind: 'pulse' });
  pulse();
  setInterval(pulse, 50);
  if (process.argv.includes('--hang') && !existsSync(told)) {
    setTimeout(() => { for (;;); }, 100);
  }
});
`;

const test = suite('node program', { directory: '' });
const running = new Set<ChildProcess>();

test.before(async (context) => {
  context.directory = mkdtempSync(join(tmpdir(), 'node-program-'));
  await build({
    entryPoints: [
      fileURLToPath(new URL('../../modules/metallb/src/node/main.ts', import.meta.url)),
    ],
    outfile: join(context.directory, 'node.mjs'),
    ...{ bundle: true, platform: 'node', format: 'esm', target: 'node20', logLevel: 'error' },
  });
});
test.before.each(({ directory }) => {
  writeFileSync(join(directory, 'speaker.mjs'), SPEAKER);
  writeFileSync(join(directory, 'wire.mjs'), WIRE);
  writeFileSync(join(directory, 'bfdd.mjs'), BFDD);
  for (const file of ['resumed', 'loaded', 'heard']) rmSync(join(directory, file), { force: true });
});
test.after.each(async () => {
  for (const each of running) {
    if (each.exitCode === null && each.signalCode === null && each.kill('SIGKILL')) {
      await once(each, 'exit');
    }
  }
  running.clear();
});
test.after(({ directory }) => rmSync(directory, { recursive: true }));

interface Line {
  readonly msg: string;
  readonly child?: string;
  readonly pid?: number;
  readonly code?: number | null;
  readonly signal?: string | null;
  readonly address?: { readonly port: number };
}

/** The program, with what it logs as a sequence to wait in. */
class RunningNode {
  readonly process: ChildProcess;
  readonly exited: Promise<unknown[]>;
  /** All that it writes to stderr. */
  readonly complaints: Promise<string>;
  readonly #lines: AsyncIterator<string>;
  port = 0;

  constructor(directory: string, argv: readonly string[] = []) {
    const program = join(directory, 'node.mjs');
    const all = [
      program,
      '--health-address',
      '127.0.0.1:0',
      ...['--run-dir', join(directory, 'run')],
      '--termination-grace-ms',
      '500',
      ...argv,
    ];
    this.process = spawn(process.execPath, all, { stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(this.process);
    this.exited = once(this.process, 'exit');
    const { stdout: output, stderr } = this.process;
    if (output === null || stderr === null) throw new Error('no output');
    this.complaints = text(stderr);
    this.#lines = createInterface(output)[Symbol.asyncIterator]();
  }

  async until(matches: (line: Line) => boolean): Promise<Line> {
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done) throw new Error('the program ended');
      const line: Line = JSON.parse(value);
      if (line.address !== undefined) this.port = line.address.port;
      if (matches(line)) return line;
    }
  }

  started(child: string): Promise<Line> {
    return this.until((line) => line.msg === 'child started' && line.child === child);
  }

  async health(path: string) {
    await sleep(LOOK_AGAIN_MS);
    const response = await fetch(`http://127.0.0.1:${this.port}${path}`);
    const facts: unknown = await response.json();
    return { status: response.status, facts };
  }

  async untilHealth(path: string, wanted: (answer: { status: number; facts: unknown }) => boolean) {
    for (;;) {
      const answer = await this.health(path);
      if (wanted(answer)) return answer;
    }
  }
}

/** Not gone, and not merely waiting to be collected by a parent that is gone. */
function isRunning(pid: number | undefined): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
}

test('is ready when both children say so, and leaves nothing behind on SIGTERM', async ({
  directory,
}) => {
  const node = new RunningNode(directory);
  const wire = await node.started('wire');
  const speaker = await node.started('speaker');
  await node.untilHealth('/readyz', ({ status }) => status === 200);
  assert.is((await node.health('/healthz')).status, 200);
  assert.is((await node.health('/metrics')).status, 404);
  node.process.kill('SIGTERM');
  assert.equal(await node.exited, [0, null]);
  assert.equal([isRunning(wire.pid), isRunning(speaker.pid)], [false, false]);
});

test('a speaker outlives its wire, which may have to learn on SIGTERM that the node is drained', async ({
  directory,
}) => {
  const node = new RunningNode(directory);
  await node.started('wire');
  await node.started('speaker');
  await node.untilHealth('/readyz', ({ status }) => status === 200);
  node.process.kill('SIGTERM');
  await node.until((line) => line.msg === 'stopping');
  const first = await node.until((line) => line.msg === 'child ended');
  const second = await node.until((line) => line.msg === 'child ended');
  assert.equal([first.child, second.child], ['wire', 'speaker']);
});

test('a speaker hears at once that it is to take leave, while the wire still hands over; so does the next one', async ({
  directory,
}) => {
  const node = new RunningNode(directory, ['--hands-over', '--termination-grace-ms=15000']);
  await node.started('wire');
  const speaker = await node.started('speaker');
  await node.untilHealth('/readyz', ({ status }) => status === 200);
  process.kill(speaker.pid ?? 0, 'SIGSTOP');
  node.process.kill('SIGTERM');
  await node.until((line) => line.msg === 'stopping');
  process.kill(speaker.pid ?? 0, 'SIGKILL');
  await node.started('speaker');
  const wire = await node.until((line) => line.msg === 'child ended' && line.child === 'wire');
  assert.is(wire.code, 0);
  await node.exited;
  assert.is(readIfThere(join(directory, 'heard')), 'leave\n');
});

test('restarts a killed child alone, counts it, and hands a wire its last announcements', async ({
  directory,
}) => {
  const node = new RunningNode(directory);
  const wire = await node.started('wire');
  const speaker = await node.started('speaker');
  await node.untilHealth('/readyz', ({ status }) => status === 200);
  process.kill(wire.pid ?? 0, 'SIGKILL');
  const restarted = await node.started('wire');
  assert.is.not(restarted.pid, wire.pid);
  const { facts } = await node.untilHealth('/readyz', ({ status }) => status === 200);
  assert.equal(facts, {
    speaker: { alive: true, ready: true, pid: speaker.pid, restarts: 0 },
    wire: { alive: true, ready: true, pid: restarted.pid, restarts: 1 },
  });
  const { state, ageMs } = JSON.parse(readFileSync(join(directory, 'resumed'), 'utf8'));
  assert.equal(state, { pools: ['new'], ip: true });
  assert.ok(ageMs >= 0 && ageMs < 5_000);
});

test('starts bfdd when the speaker has work for it, ends it when there is none, and forgets what it did', async ({
  directory,
}) => {
  const node = new RunningNode(directory, ['--bfd']);
  const speaker = await node.started('speaker');
  const bfdd = await node.started('bfdd');
  await untilLines(node, directory, 1);
  process.kill(speaker.pid ?? 0, 'SIGUSR2');
  const ended = await node.until((line) => line.msg === 'child ended' && line.child === 'bfdd');
  assert.is(ended.pid, bfdd.pid);
  process.kill(speaker.pid ?? 0, 'SIGKILL');
  await node.started('bfdd');
  await untilLines(node, directory, 2);
  assert.equal(resumedIn(directory).at(-1), { kind: 'start' });
});

test('a bfdd that is killed gets what it has kept, is no reason to end anything, and is ended after the speaker', async ({
  directory,
}) => {
  const node = new RunningNode(directory, ['--bfd']);
  const bfdd = await node.started('bfdd');
  await node.untilHealth('/readyz', ({ status }) => status === 200);
  await untilLines(node, directory, 1);
  process.kill(bfdd.pid ?? 0, 'SIGSTOP');
  await node.until((line) => line.msg === 'child hangs, killing it');
  assert.is((await node.health('/healthz')).status, 200);
  await node.started('bfdd');
  await untilLines(node, directory, 2);
  const { resume } = Object(resumedIn(directory).at(-1));
  assert.equal(resume.state, { session: 'Up' });
  node.process.kill('SIGTERM');
  await node.until((line) => line.msg === 'stopping');
  const ended = [];
  for (let count = 0; count < 3; count += 1) {
    ended.push((await node.until((line) => line.msg === 'child ended')).child);
  }
  assert.equal(ended, ['wire', 'speaker', 'bfdd']);
});

test('without work for it there is no bfdd', async ({ directory }) => {
  const node = new RunningNode(directory);
  await node.started('speaker');
  const { facts } = await node.untilHealth('/readyz', ({ status }) => status === 200);
  assert.equal(Object.keys(Object(facts)), ['speaker', 'wire']);
});

test('keeps a spare wire that has loaded already, and starts it when the other one ends', async ({
  directory,
}) => {
  const node = new RunningNode(directory);
  const wire = await node.started('wire');
  await node.untilHealth('/readyz', ({ status }) => status === 200);
  const loaded = () =>
    readFileSync(join(directory, 'loaded'), 'utf8').trim().split('\n').map(Number);
  // It loads after a second.
  while (loaded().length < 2) await node.health('/readyz');
  // On a busy machine the first may have taken so long that the spare one was faster.
  const [spare] = loaded().filter((pid) => pid !== wire.pid);
  process.kill(wire.pid ?? 0, 'SIGKILL');
  const restarted = await node.started('wire');
  assert.is(restarted.pid, spare);
  node.process.kill('SIGTERM');
  await node.exited;
  assert.equal(
    loaded().map(isRunning),
    loaded().map(() => false),
  );
});

test('kills a wire whose pulse stops', async ({ directory }) => {
  const node = new RunningNode(directory, ['--hang']);
  await node.started('wire');
  const ended = await node.until((line) => line.msg === 'child ended');
  assert.equal([ended.child, ended.signal], ['wire', 'SIGKILL']);
  await node.started('wire');
});

test('ends with 64 and one sentence when its children refuse their settings', async ({
  directory,
}) => {
  const node = new RunningNode(directory, ['--wrong']);
  const speaker = await node.started('speaker');
  assert.equal(await node.exited, [64, null]);
  assert.is(await node.complaints, 'node: --wrong is not right\n');
  assert.not(isRunning(speaker.pid));
});

test('its children end by themselves when it is killed', async ({ directory }) => {
  const node = new RunningNode(directory);
  const pids = [(await node.started('wire')).pid, (await node.started('speaker')).pid];
  await node.untilHealth('/readyz', ({ status }) => status === 200);
  node.process.kill('SIGKILL');
  await node.exited;
  // Bounded by the runner's limit for a file.
  while (pids.some(isRunning)) await sleep(LOOK_AGAIN_MS);
});

test('a health address that is taken ends it with a sentence, before any child is started', async ({
  directory,
}) => {
  const first = new RunningNode(directory);
  await first.started('wire');
  const argv = [
    join(directory, 'node.mjs'),
    `--health-address=127.0.0.1:${first.port}`,
    `--run-dir=${join(directory, 'second')}`,
  ];
  const second = spawn(process.execPath, argv);
  running.add(second);
  const [[code], complaint] = await Promise.all([once(second, 'exit'), text(second.stderr)]);
  assert.is(code, 1);
  assert.match(complaint, `node: can't listen on 127.0.0.1 port`);
});

test('a run directory that another node program works in ends it with 64 and a sentence, before any child is started', async ({
  directory,
}) => {
  const first = new RunningNode(directory);
  await first.started('wire');
  const loaded = () => (readIfThere(join(directory, 'loaded')) ?? '').trim().split('\n');
  // Its wire and its spare.
  while (loaded().length < 2) await first.health('/readyz');
  const second = new RunningNode(directory);
  assert.equal(await second.exited, [64, null]);
  const sentence = `another node program (pid ${first.process.pid}) works in ${directory}/run`;
  assert.match(await second.complaints, `node: --run-dir: ${sentence}`);
  assert.is(loaded().length, 2);
});

/** Of bfdd: what it was told when it was started, each time. */
function resumedIn(directory: string): unknown[] {
  const lines = (readIfThere(join(directory, 'resumed')) ?? '').trim().split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line));
}

async function untilLines(node: RunningNode, directory: string, count: number): Promise<void> {
  while (resumedIn(directory).length < count) await node.health('/healthz');
}

function readIfThere(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

test.run();
