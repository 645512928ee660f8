import * as assert from 'uvu/assert';
import { delay } from '../../lab/exec.ts';
import { arpRequest, neighbourSolicitation } from '../../lab/frames.ts';
import { type Assignment, assertAnswers, settled } from '../../lab/health.ts';
import type { Lab } from '../../lab/lab.ts';
import { deathsSeen } from '../../lab/metrics.ts';
import { cpuSecondsOf, pssKibOf } from '../../lab/processes.ts';
import { repliesWhile } from '../../lab/reply-times.ts';
import { type Measurement, type Scenario, scenario } from '../../lab/scenario.ts';
import { freshServices } from '../../lab/standard.ts';

const PER_SECOND = 50_000;
const FLOOD_MS = 5_000;
/** One host alone can't send as much. */
const FLOODERS = ['client2', 'router'];
/** Hosts that scan a network, both families. */
const SOURCES = Array.from({ length: 64 }, (_, index) => ({
  mac: `02:00:00:00:fe:${index.toString(16).padStart(2, '0')}`,
  IPv4: `10.9.0.${140 + (index % 20)}`,
  IPv6: `fd00:9::${(140 + (index % 20)).toString(16)}`,
}));
const ASK_EVERY_MS = 20;
const SOON_MS = 10;
const ANSWERED_SOON = 0.9;
/** The kernel's filter throws away what is about no pool: the wire does not even wake up. */
const CPU_OUTSIDE_PERCENT = 20;
const GROWTH_MIB = 40;

const WIRE_ALONE = { timed: true, isLong: true, stores: ['manifests'] } as const;

/** Hosts that ask for every address there is, as scanners and broken routers do. */
export const scenarios: readonly Scenario[] = [
  scenario('hard/flood-of-arp-outside-the-pools', WIRE_ALONE, async (lab) => {
    const all = await freshServices(lab);
    const targets = numbers(10, 99).flatMap((number) => [
      `10.77.0.${number}`,
      `fd00:77::${number}`,
    ]);
    const { cpuPercent, ...measured } = await standsScan(lab, all, targets);
    assert.ok(cpuPercent < CPU_OUTSIDE_PERCENT, `a wire took ${cpuPercent} % of a core`);
    return measurementOf({ cpuPercent, ...measured });
  }),

  scenario('hard/flood-of-arp-inside-the-pools', WIRE_ALONE, async (lab) => {
    const all = await freshServices(lab);
    const asked = new Set(all.map(({ ip }) => ip));
    const pool = numbers(10, 99).flatMap((number) => [
      `192.0.2.${number}`,
      `2001:db8:2::${number}`,
    ]);
    return measurementOf(
      await standsScan(
        lab,
        all,
        pool.filter((ip) => !asked.has(ip)),
      ),
    );
  }),
];

interface Stood {
  readonly times: readonly number[];
  readonly perSecondToAll: number;
  readonly perSecondToOne: number;
  /** Of the clients' questions meanwhile, a share of 1. */
  readonly answeredSoon: number;
  readonly unanswered: number;
  readonly cpuPercent: number;
  readonly grownMib: number;
}

/** @throws unless clients get their answers, from whom they had them before, and no node takes another for dead */
async function standsScan(
  lab: Lab,
  all: readonly Assignment[],
  targets: readonly string[],
): Promise<Stood> {
  const wires = lab.nodes.map((node) => lab.program(node).pidOf('wire.mjs'));
  const diedBefore = await deathsSeen(lab);
  const memoryBefore = wires.map(pssKibOf);
  const cpuBefore = wires.map(cpuSecondsOf);
  const flooders = await Promise.all(FLOODERS.map((host) => lab.flooderOn(host)));
  const frames = framesFor(targets);
  const forOne = frames.map((frame) => sentTo(lab.macOf('n1'), frame));
  let perSecondToAll = 0;
  let perSecondToOne = 0;
  let peak = memoryBefore;
  const ips = all.map(({ ip }) => ip);
  const { times, asked, answers } = await repliesWhile(lab, ips, ASK_EVERY_MS, async () => {
    const flood = async (what: readonly Buffer[]) => {
      const share = PER_SECOND / flooders.length;
      const sent = await Promise.all(flooders.map((one) => one.flood(what, FLOOD_MS, share)));
      return sent.reduce((sum, one) => sum + one, 0);
    };
    const floods = async () => {
      // A frame for all costs this machine one for each port of the switch.
      perSecondToAll = await flood(frames);
      perSecondToOne = await flood(forOne);
    };
    peak = await peakWhile(wires, floods());
  });
  const cpuPercents = wires.map(
    (pid, index) => (100_000 * (cpuSecondsOf(pid) - (cpuBefore[index] ?? 0))) / (2 * FLOOD_MS),
  );
  const grown = peak.map((kib, index) => (kib - (memoryBefore[index] ?? 0)) / 1_024);
  assert.equal(
    lab.nodes.map((node) => lab.program(node).pidOf('wire.mjs')),
    wires,
    'wire processes',
  );
  assert.is(await deathsSeen(lab), diedBefore, 'nodes that were found dead');
  for (const { ip, preferredNode } of all) {
    assert.equal(answers.macsInOrder(ip), [lab.macOf(preferredNode)], `who answered ${ip}`);
  }
  const soon = times.filter((ms) => ms < SOON_MS).length / asked;
  assert.ok(soon > ANSWERED_SOON, `${soon} of ${asked} questions answered in ${SOON_MS} ms`);
  const grownMib = Math.round(Math.max(...grown));
  assert.ok(grownMib < GROWTH_MIB, `a wire grew by ${grownMib} MiB`);
  await settled(lab);
  await assertAnswers(lab, all);
  return {
    ...{ times, perSecondToAll, perSecondToOne, grownMib },
    answeredSoon: Number(soon.toFixed(4)),
    unanswered: asked - times.length,
    cpuPercent: Math.round(Math.max(...cpuPercents)),
  };
}

function measurementOf({ times, ...counts }: Stood): Measurement {
  return { unit: 'ms', samples: times, counts };
}

function framesFor(targets: readonly string[]): Buffer[] {
  return SOURCES.flatMap(({ mac, IPv4, IPv6 }) =>
    targets.map((ip) =>
      ip.includes(':')
        ? neighbourSolicitation({ mac, ip: IPv6 }, ip)
        : arpRequest({ mac, ip: IPv4 }, ip),
    ),
  );
}

function sentTo(mac: string, frame: Buffer): Buffer {
  return Buffer.concat([Buffer.from(mac.replaceAll(':', ''), 'hex'), frame.subarray(6)]);
}

function numbers(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

/** @returns the most memory of each process, KiB */
async function peakWhile(pids: readonly number[], work: Promise<unknown>): Promise<number[]> {
  let peak = pids.map(pssKibOf);
  let isOver = false;
  void work.finally(() => {
    isOver = true;
  });
  while (!isOver) {
    await delay(500);
    peak = pids.map((pid, index) => Math.max(pssKibOf(pid), peak[index] ?? 0));
  }
  return peak;
}
