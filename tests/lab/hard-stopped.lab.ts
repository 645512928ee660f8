import * as assert from 'uvu/assert';
import { delay } from '../../lab/exec.ts';
import { assignedIps, settled } from '../../lab/health.ts';
import type { Lab } from '../../lab/lab.ts';
import type { AnswerReport } from '../../lab/prober.ts';
import { signal } from '../../lab/processes.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import { freshServices, STANDARD_SERVICES } from '../../lab/standard.ts';
import { type IpOutcome, observe } from '../../lab/trial.ts';
import { serviceManifest } from '../../lab/workload.ts';

/** SIGSTOP and SIGCONT, as of a machine that is moved or starved. */
const VICTIM = 'n1';
type Part = 'node' | 'speaker.mjs' | 'wire.mjs' | 'controller';

interface Stop {
  readonly parts: readonly Part[];
  readonly ms: number;
  /** Longer than the detection time without heartbeats: other nodes take the IPs, and the node holds down. */
  readonly moves: boolean;
  readonly isLong?: boolean;
}

const STOPS: readonly Stop[] = [
  { parts: ['node', 'speaker.mjs', 'controller'], ms: 2_000, moves: false },
  { parts: ['node', 'speaker.mjs', 'controller'], ms: 10_000, moves: false, isLong: true },
  { parts: ['wire.mjs'], ms: 200, moves: false, isLong: true },
  { parts: ['wire.mjs'], ms: 450, moves: true },
  { parts: ['wire.mjs'], ms: 2_000, moves: true, isLong: true },
  { parts: ['node', 'speaker.mjs', 'wire.mjs'], ms: 450, moves: true, isLong: true },
  { parts: ['node', 'speaker.mjs', 'wire.mjs'], ms: 2_000, moves: true, isLong: true },
  { parts: ['node', 'speaker.mjs', 'wire.mjs'], ms: 10_000, moves: true, isLong: true },
];
/** The lab's hold-down is a second, after a start of a third of one. */
const SILENT_AFTER_MS = 900;
/** A node program that runs kills a wire that is silent for so long, and starts another. */
const WIRE_KILLED_AFTER_MS = 500;
/** An answer of before. */
const UNDER_WAY_MS = 50;
const LOOK_MS = 1_200;
const DARK_AT_MOST_MS = 500;
/** What a user asks for while nobody hears it. */
const MEANWHILE = { ...STANDARD_SERVICES[0], name: 'meanwhile', count: 1 };

export const scenarios: readonly Scenario[] = STOPS.map(({ isLong, ...stop }) =>
  scenario(
    nameOf(stop),
    // As long as no wire is stopped, nothing is to happen.
    {
      timed: stopsWire(stop) && 'in-part',
      ...(stopsWire(stop) ? { stores: ['manifests'] } : {}),
      ...(isLong ? { isLong } : {}),
    },
    async (lab, alone) => {
      await freshServices(lab);
      const watched = () => whileStopped(lab, stop);
      const { outcomes, answers, stoppedAtMs } = await (stopsWire(stop)
        ? alone(watched)
        : watched());
      const theirs = outcomes.filter((one) => one.preferredNode === VICTIM);
      for (const one of outcomes) {
        assert.is(one.lost, 0, `${one.ip} lost ${one.lost}`);
        if (stop.moves && theirs.includes(one)) continue;
        assert.equal(one.macs, [lab.macOf(one.preferredNode)], `who answered ${one.ip}`);
      }
      if (stop.moves)
        for (const one of theirs) wasTaken(lab, answers, one, { ...stop, stoppedAtMs });
      if (stop.parts.includes('controller')) await assignedIps(lab, MEANWHILE.name, 1);
      await settled(lab);
      return { unit: 'ms', samples: theirs.map((one) => one.unansweredMs) };
    },
  ),
);

function stopsWire({ parts }: Stop): boolean {
  return parts.includes('wire.mjs');
}

async function whileStopped(lab: Lab, { parts, ms }: Stop) {
  const observation = await observe(lab);
  const pids = parts.map((part) => pidOf(lab, part));
  const stoppedAtMs = observation.watch.nowMs();
  for (const pid of pids) signal(pid, 'SIGSTOP');
  if (parts.includes('controller')) await lab.cluster.apply(serviceManifest(MEANWHILE));
  await delay(ms);
  for (const pid of pids) signal(pid, 'SIGCONT');
  await delay(LOOK_MS);
  return { ...(await observation.end()), stoppedAtMs };
}

/** Whoever slept must not answer for what others have taken, whatever waits in its queues. */
function wasTaken(
  lab: Lab,
  { answers }: AnswerReport,
  { ip, macs, unansweredMs }: IpOutcome,
  { parts, ms, stoppedAtMs }: Stop & { readonly stoppedAtMs: number },
): void {
  assert.ok(macs.length > 1, `${ip} was taken from ${VICTIM}`);
  assert.ok(unansweredMs < DARK_AT_MOST_MS, `unanswered for ${unansweredMs} ms`);
  const sleptMs = parts.includes('node') ? ms : Math.min(ms, WIRE_KILLED_AFTER_MS);
  const fromMs = stoppedAtMs + UNDER_WAY_MS;
  const untilMs = stoppedAtMs + sleptMs + SILENT_AFTER_MS;
  const own = answers.filter((one) => one.ip === ip && one.mac === lab.macOf(VICTIM));
  const wrong = own.filter(({ atMs }) => atMs > fromMs && atMs < untilMs);
  assert.equal(wrong, [], `${VICTIM} answered for ${ip} between ${fromMs} and ${untilMs} ms`);
}

function nameOf({ parts, ms }: Stop): string {
  const names = parts.map((part) => part.replace('.mjs', '')).join('-');
  return `hard/${names}-stopped-for-${ms}-ms`;
}

function pidOf(lab: Lab, part: Part): number {
  if (part === 'controller') return lab.controller.pid;
  const program = lab.program(VICTIM);
  return part === 'node' ? program.pid : program.pidOf(part);
}
