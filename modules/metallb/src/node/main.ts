import { spawnSync } from 'node:child_process';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { Child, type LogLevel } from './child.ts';
import { leaveMemoryOutOfCoreDumps } from './core-dump.ts';
import { OptionalChild } from './optional-child.ts';
import { readOwnSettings } from './own-settings.ts';
import { claimRunDir } from './run-dir.ts';

/** How often pulses are looked at; a look that comes much later means that this process stood still. */
const LOOK_MS = 100;
const STOOD_STILL_MS = 300;
/** Loading a program takes some seconds on a machine that is busy. */
const FIRST_PULSE_MS = 30_000;
/** Of those that others wait for: routers miss BFD after 900 ms, unless they were told otherwise. */
const WIRE_PULSE_MS = 500;
const BFDD_PULSE_MS = 500;
/** Reading a big cluster, beside everything else that goes first, is no fault; and nothing on the wire waits for it. */
const SPEAKER_PULSE_MS = 30_000;
/** It withdraws what it has told routers, and says good-bye. */
const SPEAKER_GRACE_MS = 3_000;
const BFDD_GRACE_MS = 1_000;
/** BSD's EX_USAGE: what every program of this package exits with when a setting is wrong. */
const EXIT_USAGE = 64;

leaveMemoryOutOfCoreDumps();
const argv = process.argv.slice(2);
const { health, terminationGraceMs, runDir } = readOwnSettings(argv, process.env);
const program = (name: string) => fileURLToPath(new URL(`./${name}.mjs`, import.meta.url));
if (argv.includes('--help') || argv.includes('-h')) {
  // It reads the same table, and says so in the name of this program.
  const help = spawnSync(process.execPath, [program('wire'), '--help'], { stdio: 'inherit' });
  process.exit(help.status ?? 1);
}
const taken = claimRunDir(runDir);
if (taken !== undefined) {
  process.stderr.write(`node: --run-dir: ${taken}\n`);
  process.exit(EXIT_USAGE);
}
const child = (name: string, pulseMs: number, hasSpare: boolean) => {
  const options = { name, path: program(name), argv, hasSpare, pulseMs, log, onRefused: refuse };
  return new Child({ ...options, firstPulseMs: FIRST_PULSE_MS, onWantsBfdd: wantBfdd });
};
const children = {
  speaker: child('speaker', SPEAKER_PULSE_MS, false),
  wire: child('wire', WIRE_PULSE_MS, true),
  bfdd: new OptionalChild(() => child('bfdd', BFDD_PULSE_MS, true), BFDD_GRACE_MS),
};
let stopping = false;

function log(level: LogLevel, message: string, facts: object): void {
  const time = new Date().toISOString();
  const line = { level, time, program: 'node', ...facts, msg: message };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function wantBfdd(wanted: boolean): void {
  if (!stopping) children.bfdd.setWanted(wanted);
}

/** Says it once, although all children refuse the same setting. */
function refuse(sentence: string): void {
  if (!stopping) process.stderr.write(`node: ${sentence}\n`);
  void stop(EXIT_USAGE);
}

/**
 * Ends all children, then this process: the wire before the speaker, as one that leaves goes by what the speaker hears,
 * and bfdd after it, as routers are to hear of the end of BGP first. They hear of that at once (network rule 31), while
 * the wire hands its IPs over.
 */
async function stop(exitCode: number): Promise<void> {
  if (stopping) return;
  stopping = true;
  log('info', 'stopping', { exitCode });
  children.speaker.leave();
  await children.wire.stop(terminationGraceMs);
  await children.speaker.stop(SPEAKER_GRACE_MS);
  await children.bfdd.stop();
  process.exit(exitCode);
}

const server = createServer((request, response) => {
  const speaker = children.speaker.status();
  const wire = children.wire.status();
  // Shown only: it is started anew by itself, and no session of BGP nor any IP depends on that.
  const bfdd = children.bfdd.status();
  const answers: Record<string, boolean> = {
    '/healthz': speaker.alive && wire.alive,
    '/readyz': speaker.ready && wire.ready && wire.alive && !stopping,
  };
  const fine = answers[request.url?.split('?', 1)[0] ?? ''];
  response.writeHead(fine === undefined ? 404 : fine ? 200 : 503, {
    'content-type': 'application/json',
  });
  response.end(`${JSON.stringify({ speaker, wire, bfdd })}\n`);
});
server.once('error', (error) => {
  process.stderr.write(
    `node: can't listen on ${health.host} port ${health.port}: ${error.message}\n`,
  );
  process.exit(1);
});
server.listen(health, () => {
  log('info', 'serving health', { address: server.address() });
  children.wire.start();
  children.speaker.start();
});

let lastLook = performance.now();
setInterval(() => {
  const now = performance.now();
  for (const each of Object.values(children)) {
    if (now - lastLook > STOOD_STILL_MS) each.forgivePulse();
    each.checkPulse();
  }
  lastLook = now;
}, LOOK_MS);

process.on('SIGTERM', () => void stop(0));
process.on('SIGINT', () => void stop(0));
