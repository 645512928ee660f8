import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { delay, until } from '../lab/exec.ts';
import type { BfdPeerPlan } from '../lab/routers/bfd-daemon.ts';
import { Bfdd } from '../lab/routers/bfdd.ts';
import { summarise } from '../lab/statistic.ts';
import { BFD_SPEAKERS, type BfdEnd } from './routing/bfd-speakers.ts';
import { inRoutingLab, inTurn, print, type RoutingLab } from './routing/lab.ts';
import { ROUTER, SPEAKER } from './routing/place.ts';

/**
 * BFD of 50 ms, three times: how long until a router that is killed is missed, and how often one is missed that is well,
 * while programs that only compute want all processors, twice over. This module's BFD, FRR's and BIRD's by turns, all with
 * FRR's at the other end. Root, FRR and BIRD 2 of the system. `bfd.ts [TRIALS] [SECONDS_UNDER_LOAD]`
 */
const [trials = 20, seconds = 60] = process.argv.slice(2).map(Number);
const INTERVAL_MS = 50;
const BUSY_PROGRAMS = 4;
const UP_MS = 20_000;
const MISSED_MS = 5_000;
const POLL_MS = 20;
/** Timers that both sides have agreed on are in force by then. */
const SETTLED_MS = 1_500;

const NEIGHBOURS: BfdPeerPlan = {
  ...{ address: SPEAKER.IPv4, local: ROUTER.IPv4, interface: 'eth0', intervalMs: INTERVAL_MS },
};

await inRoutingLab(async (lab) => {
  const names = Object.keys(BFD_SPEAKERS);
  const detected = new Map<string, number[]>(names.map((name) => [name, []]));
  for (let trial = 0; trial < trials; trial += 1) {
    for (const name of inTurn(names, trial)) {
      detected.get(name)?.push(await beside(lab, name, detection));
    }
  }
  const own = summarise(detected.get('mlb') ?? []).p50;
  for (const [name, samples] of detected) {
    const summary = summarise(samples);
    const timesMlb = Number((summary.p50 / own).toFixed(2));
    print({ speaker: name, unit: 'ms until a dead router is missed', ...summary, timesMlb });
  }
  for (const name of names) {
    const failures = await beside(lab, name, underLoad);
    print({ speaker: name, seconds, busyPrograms: BUSY_PROGRAMS, falsely: failures });
  }
});

async function beside<T>(
  { place, directory: root }: RoutingLab,
  name: string,
  play: (speaker: BfdEnd, router: Bfdd) => Promise<T>,
): Promise<T> {
  const directory = join(root, `bfd-${name}-${Date.now()}`);
  await mkdir(directory);
  const [speakerDirectory, routerDirectory] = ['speaker', 'router'].map((end) =>
    join(directory, end),
  );
  const router = new Bfdd(
    { namespace: place.router, directory: routerDirectory ?? '' },
    NEIGHBOURS,
  );
  const make = BFD_SPEAKERS[name];
  if (make === undefined) throw new Error(`no speaker ${name}`);
  const speaker = make({
    ...{ namespace: place.speaker, directory: speakerDirectory ?? '', agents: root },
    plan: { ...NEIGHBOURS, address: ROUTER.IPv4, local: SPEAKER.IPv4 },
  });
  try {
    await router.start();
    await speaker.start();
    await until({ what: `${name} and FRR Up`, deadlineMs: UP_MS, everyMs: POLL_MS }, async () => {
      return (await speaker.isUp()) && (await router.state()) === 'up';
    });
    await delay(SETTLED_MS);
    return await play(speaker, router);
  } finally {
    await speaker.stop();
    await router.stop();
    await rm(directory, { recursive: true });
  }
}

async function detection(speaker: BfdEnd, router: Bfdd): Promise<number> {
  const killedAt = Date.now();
  await router.kill();
  const waiting = { what: 'its failure', deadlineMs: MISSED_MS, everyMs: POLL_MS };
  const missedAt = await until(waiting, async () => {
    const at = await speaker.lastFailureAt();
    return at !== undefined && at >= killedAt && at;
  });
  return missedAt - killedAt;
}

/** How often either side missed the other, of which both are well all the while. */
async function underLoad(speaker: BfdEnd, router: Bfdd): Promise<object> {
  const seen = { router: new Set<number>(), speaker: new Set<number>() };
  const busy = Array.from({ length: BUSY_PROGRAMS }, compute);
  try {
    const endsAt = performance.now() + seconds * 1_000;
    while (performance.now() < endsAt) {
      const [byRouter, bySpeaker] = [router.lastFailureAt(), await speaker.lastFailureAt()];
      if (byRouter !== undefined) seen.router.add(byRouter);
      if (bySpeaker !== undefined) seen.speaker.add(bySpeaker);
      await delay(POLL_MS);
    }
  } finally {
    for (const program of busy) program.kill('SIGKILL');
  }
  return { missedRouter: seen.speaker.size, wasMissed: seen.router.size };
}

function compute(): ChildProcess {
  return spawn(process.execPath, ['--eval', 'for (;;);'], { stdio: 'ignore' });
}
