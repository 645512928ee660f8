import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Child, type LogLevel } from '../../modules/metallb/src/node/child.ts';

// Real processes that do what their argument says.
const PROGRAM = `
const [does, marker] = process.argv.slice(2);
const { existsSync, writeFileSync } = await import('node:fs');
process.on('disconnect', () => process.exit(1));
setInterval(() => {}, 1000);
const again = existsSync(marker);
writeFileSync(marker, '');
if (does === 'hang-at-start' && !again) for (;;);
if (does === 'hang') {
  process.send({ kind: 'pulse' });
  if (!again) setTimeout(() => { for (;;); }, 50);
}
if (does === 'refuse-again') {
  if (again) process.send({ kind: 'refused', sentence: '--store: it has gone' });
  else process.send({ kind: 'ready' }, () => process.exit(1));
}
`;

// The program is plain JavaScript: children need nothing of what runs this test.
process.execArgv = [];

interface Line {
  readonly level: LogLevel;
  readonly message: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

const test = suite('child of node', { directory: '' });
const running = new Set<Child>();

test.before((context) => {
  context.directory = mkdtempSync(join(tmpdir(), 'child-'));
  writeFileSync(join(context.directory, 'program.mjs'), PROGRAM);
});
test.after.each(async () => {
  await Promise.all([...running].map((child) => child.stop(0)));
  running.clear();
});
test.after(({ directory }) => rmSync(directory, { recursive: true }));

/** A child that has been started, with what is logged about it. */
class Fixture {
  readonly lines: Line[] = [];
  readonly refusals: string[] = [];
  readonly child: Child;

  constructor(directory: string, does: string, limits: { first: number; pulse: number }) {
    this.child = new Child({
      name: 'speaker',
      path: join(directory, 'program.mjs'),
      argv: [does, join(directory, does)],
      hasSpare: false,
      firstPulseMs: limits.first,
      pulseMs: limits.pulse,
      log: (level, message, facts) => this.lines.push({ level, message, facts: { ...facts } }),
      onRefused: (sentence) => this.refusals.push(sentence),
      onWantsBfdd: () => undefined,
    });
    running.add(this.child);
    this.child.start();
  }

  /** Looks at the pulse meanwhile, as the program does. Bounded by the runner's limit for a file. */
  async until(message: string, times = 1): Promise<Line | undefined> {
    for (;;) {
      const found = this.lines.filter((line) => line.message === message);
      if (found.length >= times) return found[times - 1];
      this.child.checkPulse();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

const NEVER_MS = 3_600_000;
const hanging = [
  ['before its first pulse', 'hang-at-start', { first: 500, pulse: NEVER_MS }],
  ['after a pulse', 'hang', { first: NEVER_MS, pulse: 300 }],
] as const;
for (const [when, does, limits] of hanging) {
  test(`one that hangs ${when} is not alive, is killed once, and started again`, async ({
    directory,
  }) => {
    const fixture = new Fixture(directory, does, limits);
    assert.ok(fixture.child.status().alive);
    const { level } = (await fixture.until('child hangs, killing it')) ?? {};
    assert.is(level, 'warn');
    assert.not(fixture.child.status().alive);
    const ended = await fixture.until('child ended');
    assert.equal([ended?.level, ended?.facts['signal']], ['warn', 'SIGKILL']);
    await fixture.until('child started', 2);
    assert.is(fixture.lines.filter(({ message }) => message.includes('hangs')).length, 1);
    assert.equal([fixture.child.status().alive, fixture.child.status().restarts], [true, 1]);
  });
}

test('one that was ready before and refuses now is a fault like any other: nobody else is stopped', async ({
  directory,
}) => {
  const limits = { first: NEVER_MS, pulse: NEVER_MS };
  const fixture = new Fixture(directory, 'refuse-again', limits);
  const refused = await fixture.until('child refuses its settings, starting it again');
  assert.equal([refused?.level, refused?.facts['sentence']], ['error', '--store: it has gone']);
  await fixture.until('child started', 3);
  assert.equal(fixture.refusals, []);
});

test('one that is stopped is no fault', async ({ directory }) => {
  const limits = { first: NEVER_MS, pulse: NEVER_MS };
  const fixture = new Fixture(directory, 'wait', limits);
  await fixture.child.stop(5_000);
  assert.equal(
    fixture.lines.map(({ level, message }) => `${level} ${message}`),
    ['info child started', 'info child ended'],
  );
});

test.run();
