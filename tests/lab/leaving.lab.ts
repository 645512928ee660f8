import * as assert from 'uvu/assert';
import { allAnswered, crowd } from '../../lab/crowd.ts';
import { delay, until } from '../../lab/exec.ts';
import { NODE_LOSS } from '../../lab/faults.ts';
import { fetchPage } from '../../lab/http.ts';
import type { Lab } from '../../lab/lab.ts';
import { isAlive } from '../../lab/processes.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import { freshServices } from '../../lab/standard.ts';
import { ANNOTATION } from '../../modules/metallb/src/api/names.ts';

/** Who leaves goes when others have all its IPs, or when it must (network rule 24). */
const LEAVER = 'n1';
const PER_FAMILY = 1_000;
const SAMPLE = 10;
const UNANSWERED_AT_MOST_MS = 300;
/** Asking for 2,000 IPs takes a second, and a question that got lost is asked again. */
const EVERYBODY_ASKED_MS = 5_000;
const GRACE_MS = 3_000;
const AFTERMATH_MS = 500;
/** Between two questions of the watch, and for an answer under way. */
const LAST_ANSWER_BEFORE_END_MS = 60;

export const scenarios: readonly Scenario[] = [
  scenario(
    'leaving/two-thousand-ips-then-power-off',
    { timed: true, isLong: true, lab: { nodes: 2 }, deadlineMs: 300_000 },
    async (lab) => {
      const all = [
        ...(await crowd(lab, 'IPv4', PER_FAMILY)),
        ...(await crowd(lab, 'IPv6', PER_FAMILY)),
      ];
      const leaving = all.filter((one) => one.preferredNode === LEAVER);
      const sample = leaving.filter((_, index) => index % (leaving.length / SAMPLE) < 1);
      const probe = await lab.probe(sample.map((one) => one.ip));
      await probe.flowing();
      await probe.reset();
      const watch = await lab.prober.watch(sample.map((one) => one.ip));
      const startedAt = performance.now();
      await drain(lab);
      await announcesNothing(lab);
      const tookMs = performance.now() - startedAt;
      await NODE_LOSS.strike(lab, LEAVER);
      await delay(AFTERMATH_MS);
      const answers = await watch.stop();
      for (const one of await probe.report()) {
        assert.is(one.lost, 0, `${one.ip} lost ${one.lost} of ${one.sent}`);
        const ms = answers.unansweredMs(one.ip);
        assert.ok(ms < UNANSWERED_AT_MOST_MS, `${one.ip} unanswered for ${ms} ms`);
      }
      await allAnswered(lab, all, () => 'n2', EVERYBODY_ASKED_MS);
      return { unit: 'ms', samples: [tookMs], counts: { handedOver: leaving.length } };
    },
  ),

  ...[true, false].map((drained) =>
    scenario(
      `leaving/sole-node-answers-until-it-ends${drained ? '-drained' : ''}`,
      {
        lab: { nodes: 1, nodeFlags: [`--termination-grace-ms=${GRACE_MS}`] },
        ...{ timed: true, isLong: drained },
      },
      async (lab) => {
        const all = await freshServices(lab);
        if (drained) await drain(lab);
        const watch = await lab.prober.watch(all.map((one) => one.ip));
        await delay(AFTERMATH_MS);
        const wire = lab.program(LEAVER).pidOf('wire.mjs');
        const stopped = lab.program(LEAVER).stop();
        await until(
          { what: 'the wire has ended', deadlineMs: 2 * GRACE_MS, everyMs: 5 },
          async () => !isAlive(wire),
        );
        const endedAtMs = watch.nowMs();
        await stopped;
        const { answers } = await watch.stop();
        for (const { ip } of all) {
          const times = answers.filter((one) => one.ip === ip).map((one) => one.atMs);
          const lastMs = times.at(-1) ?? 0;
          assert.ok(lastMs > endedAtMs - LAST_ANSWER_BEFORE_END_MS, `${ip} ${lastMs} ${endedAtMs}`);
        }
        if (drained) assert.ok(endedAtMs > GRACE_MS, 'it stays as long as it may');
        return undefined;
      },
    ),
  ),
];

/** What the metrics of the leaver say. */
async function announcesNothing(lab: Lab): Promise<void> {
  let count = 0;
  const what = () => `everything handed over, ${count} IPs left`;
  await until({ what, deadlineMs: 30_000, everyMs: 20 }, async () => {
    const url = 'http://127.0.0.1:7474/metrics';
    const page = await fetchPage(lab.namespace(LEAVER), url).catch(() => undefined); // busy
    if (page === undefined) return false;
    count = page.body.match(/^metallb_announced\{/gm)?.length ?? 0;
    return count === 0;
  });
}

async function drain(lab: Lab): Promise<void> {
  const annotations = { [ANNOTATION.drain]: 'true' };
  await lab.cluster.change({ kind: 'Node', name: LEAVER }, { annotations });
}
