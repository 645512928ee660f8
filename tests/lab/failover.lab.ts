import * as assert from 'uvu/assert';
import { delay } from '../../lab/exec.ts';
import { type Fault, killPart, MOVING_FAULTS, STOP_WIRE } from '../../lab/faults.ts';
import { settled } from '../../lab/health.ts';
import type { Lab } from '../../lab/lab.ts';
import { type Alone, type Measurement, type Scenario, scenario } from '../../lab/scenario.ts';
import { freshServices } from '../../lab/standard.ts';
import { type IpOutcome, observe, playFault } from '../../lab/trial.ts';

const VICTIM = 'n1';
/** The promise for any one failure; the median is less (`make figures`). */
const DARK_AT_MOST_MS = 500;
/** The promise of 100 ms is a median (`make figures`); hosts stall. */
const WIRE_BACK_WITHIN_MS = 200;
/** Nothing should be noticed at all. */
const SPEAKER_NOTICED_MS = 100;
const FROZEN_MS = 2_000;

const IN_PART = { timed: 'in-part' } as const;

export const scenarios: readonly Scenario[] = [
  ...MOVING_FAULTS.map((fault) =>
    scenario(`failover/${fault.name}`, IN_PART, (lab, alone) => onlyItsIpsMove(lab, fault, alone)),
  ),

  scenario('failover/frozen-wire-asks-before-it-answers', { inEachShortRun: true }, async (lab) => {
    await freshServices(lab);
    const observation = await observe(lab);
    await STOP_WIRE.strike(lab, VICTIM);
    await observation.movedFrom(lab, VICTIM);
    await delay(FROZEN_MS); // the watch goes on asking: requests queue up in the frozen process
    const thawedAtMs = observation.watch.nowMs();
    await STOP_WIRE.repair(lab, VICTIM);
    const { answers } = await observation.end();
    // Hold-down is 1 s: within the aftermath it can't have been elected.
    const early = answers.answers.filter(
      (one) => one.atMs > thawedAtMs && one.mac === lab.macOf(VICTIM) && isOfVictim(one.ip),
    );
    assert.equal(early, [], 'answers of a node that was not elected again');
    await settled(lab);
    return undefined;

    function isOfVictim(ip: string): boolean {
      return observation.before.some((one) => one.ip === ip && one.preferredNode === VICTIM);
    }
  }),

  scenario('failover/kill-wire', IN_PART, async (lab, alone) => {
    await freshServices(lab);
    const outcomes = await alone(() => nothingMoves(lab, 'wire.mjs'));
    const samples = outcomes
      .filter((one) => one.preferredNode === VICTIM)
      .map((one) => one.unansweredMs);
    for (const ms of samples) {
      assert.ok(ms < WIRE_BACK_WITHIN_MS, `unanswered for ${ms} ms`);
    }
    return { unit: 'ms', samples };
  }),

  scenario('failover/kill-speaker', IN_PART, async (lab, alone) => {
    await freshServices(lab);
    const outcomes = await alone(() => nothingMoves(lab, 'speaker.mjs'));
    for (const one of outcomes) {
      assert.ok(one.unansweredMs < SPEAKER_NOTICED_MS, `${one.ip}: ${one.unansweredMs} ms`);
    }
    return { unit: 'ms', samples: outcomes.map((one) => one.unansweredMs) };
  }),
];

async function onlyItsIpsMove(lab: Lab, fault: Fault, alone: Alone): Promise<Measurement> {
  await freshServices(lab);
  const outcomes = await alone(() => playFault(lab, fault, VICTIM));
  await fault.repair(lab, VICTIM);
  const moved = outcomes.filter((one) => one.preferredNode === VICTIM);
  assert.is(moved.length, 2, 'one IP of each family was on the node');
  for (const one of moved) {
    assert.ok(one.unansweredMs < DARK_AT_MOST_MS, `${one.ip} unanswered ${one.unansweredMs} ms`);
    assert.ok(one.darkMs < DARK_AT_MOST_MS, `${one.ip} dark for ${one.darkMs} ms`);
    if (fault.forwardingGoesOn) assert.is(one.lost, 0, `${one.ip}: its kernel forwards`);
  }
  assertUntouched(
    lab,
    outcomes.filter((one) => one.preferredNode !== VICTIM),
  );
  await settled(lab);
  const samples = moved.map((one) => (fault.forwardingGoesOn ? one.unansweredMs : one.darkMs));
  return { unit: 'ms', samples };
}

async function nothingMoves(
  lab: Lab,
  part: 'wire.mjs' | 'speaker.mjs',
): Promise<readonly IpOutcome[]> {
  const observation = await observe(lab);
  await delay(FROZEN_MS / 10);
  killPart(lab, VICTIM, part);
  await delay(FROZEN_MS);
  const { outcomes } = await observation.end();
  assertUntouched(lab, outcomes);
  return outcomes;
}

/** No packet lost, and nobody but the preferred node has ever answered. */
function assertUntouched(lab: Lab, outcomes: readonly IpOutcome[]): void {
  for (const one of outcomes) {
    assert.is(one.lost, 0, `${one.ip} lost ${one.lost} of ${one.sent} probes`);
    assert.equal(one.macs, [lab.macOf(one.preferredNode)], `who answered ${one.ip}`);
  }
}
