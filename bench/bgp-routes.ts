import { readFileSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { delay, until } from '../lab/exec.ts';
import { cpuSecondsOf } from '../lab/processes.ts';
import { type IpFamily, ipFromBigInt } from '../modules/metallb/src/net/ip.ts';
import { inRoutingLab, inTurn, print, type RoutingLab } from './routing/lab.ts';
import { BenchRouter } from './routing/router.ts';
import { SPEAKERS } from './routing/speakers.ts';

/**
 * So many routes of a whole address each, from the session's begin until FRR's table has the last of them, and one more
 * among them, from the word to the table: this module's speaker and those of other projects by turns, to one FRR that
 * runs all the while. Root, and FRR, BIRD 2, GoBGP 3 and ExaBGP of the system. `bgp-routes.ts [ROUNDS] [ROUTES…]`
 */
const [rounds = 3, ...sizes] = process.argv.slice(2).map(Number);
const SIZES = sizes.length > 0 ? sizes : [1_000, 10_000, 100_000];
const FIRST = { IPv4: 0x0b00_0000n, IPv6: 0x2001_0db8n << 96n } as const;
const DEADLINE_MS = 90_000;
const POLL_MS = 1;
/** For what a speaker does after the last route. */
const SETTLED_MS = 300;

const MEASURES = ['allMs', 'oneMoreMs', 'cpuMs', 'peakMiB'] as const;

interface Trial {
  readonly allMs: number;
  readonly oneMoreMs: number;
  readonly cpuMs: number;
  readonly peakMiB: number;
}

interface Lab extends RoutingLab {
  readonly router: BenchRouter;
}

await inRoutingLab(async ({ place, directory }) => {
  const router = new BenchRouter(place.router, join(directory, 'router'));
  await router.start();
  await measure({ place, router, directory });
  await router.stop();
});

async function measure(lab: Lab): Promise<void> {
  for (const routes of SIZES) {
    for (const family of ['IPv4', 'IPv6'] as const) {
      const trials = new Map<string, Trial[]>();
      for (let round = 0; round < rounds; round += 1) {
        for (const speaker of inTurn(Object.keys(SPEAKERS), round)) {
          const trial = await play(lab, speaker, family, routes);
          trials.set(speaker, [...(trials.get(speaker) ?? []), trial]);
        }
      }
      report(family, routes, trials);
    }
  }
}

async function play(lab: Lab, speaker: string, family: IpFamily, routes: number): Promise<Trial> {
  const directory = join(lab.directory, `${speaker}-${Date.now()}`);
  await mkdir(directory);
  await lab.router.quiet();
  const at = (index: number) => ipFromBigInt(family, FIRST[family] + BigInt(index));
  const make = SPEAKERS[speaker];
  if (make === undefined) throw new Error(`no speaker ${speaker}`);
  const running = make({
    ...{ family, directory, namespace: lab.place.speaker, agents: lab.directory },
    ...{ ips: Array.from({ length: routes }, (_, index) => at(index)), another: at(routes) },
  });
  try {
    // Some open the session before they are ready for the next word.
    const [allMs] = await Promise.all([fill(lab, family, routes, speaker), running.start()]);
    const pids = running.pids();
    const cpuMs = pids.reduce((sum, pid) => sum + cpuSecondsOf(pid) * 1_000, 0);
    await delay(SETTLED_MS);
    const askedAt = performance.now();
    // Its answer may come later than the route.
    const asked = running.announceAnother();
    await has(lab, family, routes + 1, speaker);
    const oneMoreMs = performance.now() - askedAt;
    await asked;
    const peakMiB = pids.reduce((sum, pid) => sum + peakMiBOf(pid), 0);
    return { allMs, oneMoreMs, cpuMs, peakMiB };
  } finally {
    await running.stop();
    await rm(directory, { recursive: true });
  }
}

/** As FRR tells it: neither side says when it has begun to send. */
async function fill(lab: Lab, family: IpFamily, routes: number, speaker: string): Promise<number> {
  const waiting = { what: `a session of ${speaker}`, deadlineMs: DEADLINE_MS, everyMs: POLL_MS };
  await until(waiting, async () => (await lab.router.look(family)).isEstablished);
  const establishedAt = performance.now();
  await has(lab, family, routes, speaker);
  return performance.now() - establishedAt;
}

function has({ router }: Lab, family: IpFamily, routes: number, speaker: string) {
  const what = `${routes} routes of ${family} from ${speaker}`;
  return until({ what, deadlineMs: DEADLINE_MS, everyMs: POLL_MS }, async () => {
    return (await router.look(family)).routes >= routes;
  });
}

function report(family: IpFamily, routes: number, trials: ReadonlyMap<string, Trial[]>): void {
  const own = medians(trials.get('mlb') ?? []);
  for (const [speaker, all] of trials) {
    const each = medians(all);
    const ratios = Object.fromEntries(
      MEASURES.map((measure) => [measure, Number((each[measure] / own[measure]).toFixed(2))]),
    );
    const spread = all.map(({ allMs }) => Math.round(allMs));
    print({ family, routes, speaker, ...rounded(each), spread, timesMlb: ratios });
  }
}

function medians(trials: readonly Trial[]): Trial {
  const of = (measure: (typeof MEASURES)[number]) => {
    const sorted = trials.map((trial) => trial[measure]).sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  };
  const [allMs, oneMoreMs, cpuMs, peakMiB] = [
    of('allMs'),
    of('oneMoreMs'),
    of('cpuMs'),
    of('peakMiB'),
  ];
  return { allMs, oneMoreMs, cpuMs, peakMiB };
}

/** The most memory it has had at a time. */
function peakMiBOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1_024;
}

function rounded({ allMs, oneMoreMs, cpuMs, peakMiB }: Trial): Trial {
  const tenths = (ms: number) => Number(ms.toFixed(1));
  return {
    ...{ allMs: tenths(allMs), oneMoreMs: tenths(oneMoreMs) },
    ...{ cpuMs: Math.round(cpuMs), peakMiB: Math.round(peakMiB) },
  };
}
