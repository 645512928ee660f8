import * as assert from 'uvu/assert';
import { delay } from '../../lab/exec.ts';
import { settled } from '../../lab/health.ts';
import { fetchPage } from '../../lab/http.ts';
import type { Lab } from '../../lab/lab.ts';
import { signal } from '../../lab/processes.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import { freshServices } from '../../lab/standard.ts';
import { observe } from '../../lab/trial.ts';

/** A processor that is taken away from the wire again and again. */
const VICTIM = 'n1';
const MODERATE = { stoppedMs: 80, runsMs: 80, forMs: 4_000 };
/** Longer than a detection time each time: the node can't be relied upon. */
const HEAVY = { stoppedMs: 400, runsMs: 100, forMs: 4_000 };
const WELL_MS = 300;
/** The wire tells its figures once a second. */
const TOLD_AFTER_MS = 1_200;

export const scenarios: readonly Scenario[] = [
  scenario('hard/wire-starved-of-its-processor', { timed: true, isLong: true }, async (lab) => {
    await freshServices(lab);
    const calm = await observe(lab);
    await starve(lab, MODERATE);
    for (const one of (await calm.end()).outcomes) {
      assert.equal(one.macs, [lab.macOf(one.preferredNode)], `who answered ${one.ip}`);
    }
    const observation = await observe(lab);
    await delay(WELL_MS);
    await starve(lab, HEAVY);
    const { outcomes } = await observation.end();
    for (const { ip, preferredNode, macs, lost } of outcomes) {
      assert.is(lost, 0, `${ip} lost ${lost}`);
      assert.is(macs[0], lab.macOf(preferredNode), `who answered ${ip} at first`);
      assert.is(macs.length, preferredNode === VICTIM ? 2 : 1, `${ip} moved once: ${macs}`);
    }
    await delay(TOLD_AFTER_MS);
    const toldMs = 1_000 * (await loopDelaySeconds(lab));
    assert.ok(toldMs > HEAVY.stoppedMs / 2, `event loop delay of ${toldMs} ms told`);
    await settled(lab);
    return { unit: 'ms', samples: [toldMs] };
  }),
];

async function starve(
  lab: Lab,
  { stoppedMs, runsMs, forMs }: { stoppedMs: number; runsMs: number; forMs: number },
): Promise<void> {
  for (let passedMs = 0; passedMs < forMs; passedMs += stoppedMs + runsMs) {
    const pid = lab.program(VICTIM).pidOf('wire.mjs');
    signal(pid, 'SIGSTOP');
    await delay(stoppedMs);
    signal(pid, 'SIGCONT');
    await delay(runsMs);
  }
}

/** The longest delay of the wire's event loop that the metrics show. */
async function loopDelaySeconds(lab: Lab): Promise<number> {
  const { body } = await fetchPage(lab.namespace(VICTIM), 'http://127.0.0.1:7474/metrics');
  const shown = /^metallb_wire_event_loop_delay_seconds\{percentile="100"\} (\S+)$/m.exec(body);
  return Number(shown?.[1] ?? 0);
}
