import * as assert from 'uvu/assert';
import { delay, until } from '../../lab/exec.ts';
import { NODE_LOSS } from '../../lab/faults.ts';
import { assignedIps, settled } from '../../lab/health.ts';
import { fetchPage } from '../../lab/http.ts';
import type { Lab } from '../../lab/lab.ts';
import { deathsSeen } from '../../lab/metrics.ts';
import { cpuSecondsOf } from '../../lab/processes.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import { freshServices } from '../../lab/standard.ts';
import { type IpOutcome, observe, playFault } from '../../lab/trial.ts';
import { WideNetwork } from '../../lab/wide-network.ts';
import { classManifest, endpointSliceManifest, serviceManifest } from '../../lab/workload.ts';

/** Beside the three that every node of a lab has; on some of them it meets the others. */
const INTERFACES = { interfaces: 97, shared: 10 };
/** Captures are opened one after the other, so that those that are open go on in time. */
const OPEN_WITHIN_MS = 60_000;
const QUIET_MS = 10_000;
const FLOWING_WITHIN_MS = 1_000;

export const scenarios: readonly Scenario[] = [
  scenario(
    'hard/hundred-interfaces',
    { timed: true, isLong: true, stores: ['manifests'], deadlineMs: 240_000 },
    async (lab) => {
      const [node = ''] = lab.nodes;
      await freshServices(lab);
      const wide = new WideNetwork(lab, { node, ...INTERFACES });
      await serveEverywhere(lab);
      const opening = await observe(lab);
      const begun = performance.now();
      await wide.lay();
      await allHeard(lab, wide);
      const openedInMs = performance.now() - begun;
      noneMoved((await opening.end()).outcomes);
      const died = await deathsSeen(lab);
      const quiet = await observe(lab);
      const cpuBefore = wireSeconds(lab, node);
      await delay(QUIET_MS);
      const cpuPercent = (100_000 * (wireSeconds(lab, node) - cpuBefore)) / QUIET_MS;
      const { outcomes: unmoved } = await quiet.end();
      noneMoved(unmoved);
      for (const { ip, lost, sent } of unmoved) assert.is(lost, 0, `of ${sent} to ${ip}`);
      assert.is(await deathsSeen(lab), died, 'nobody is found dead');
      const outcomes = await playFault(lab, NODE_LOSS, node);
      const samples = outcomes
        .filter(({ preferredNode }) => preferredNode === node)
        .map(({ darkMs }) => darkMs);
      assert.ok(Math.max(...samples) < FLOWING_WITHIN_MS, `dark for ${samples.join(', ')} ms`);
      await NODE_LOSS.repair(lab, node);
      await wide.remove();
      return { unit: 'ms', samples, counts: { openedInMs, cpuPercent } };
    },
  ),
];

/** A Service whose IPs every interface answers. */
async function serveEverywhere(lab: Lab): Promise<void> {
  const [name, family] = ['wide', 'IPv4'] as const;
  await lab.cluster.apply(
    classManifest({ name, addressPool: ['192.0.2.200-192.0.2.209'], interfaces: [] }),
    serviceManifest({ name, className: name, family }),
    endpointSliceManifest({ name, family }, [{ pod: 'backend', node: 'worker' }]),
  );
  await assignedIps(lab, name, lab.nodes.length);
  await settled(lab);
}

/** Every interface is served, and all nodes that have one hear each other there. */
async function allHeard(lab: Lab, wide: WideNetwork): Promise<void> {
  let missing = '';
  const what = () => `peers of all interfaces, missing on ${missing}`;
  for (const [node, names] of wide.interfaces) {
    await until({ what, deadlineMs: OPEN_WITHIN_MS, everyMs: 200 }, async () => {
      const page = await fetchPage(lab.namespace(node), 'http://127.0.0.1:7474/status');
      const { segments }: Status = JSON.parse(page.body);
      missing = names.filter((name) => heardOn(segments[name]) !== peersOn(wide, name)).join(' ');
      return missing === '';
    });
  }
}

function peersOn({ interfaces }: WideNetwork, name: string): number {
  return [...interfaces.values()].filter((names) => names.includes(name)).length - 1;
}

interface Status {
  readonly segments: Readonly<Record<string, SegmentStatus>>;
}

interface SegmentStatus {
  readonly peers: readonly { readonly state: string }[];
}

function heardOn(segment: SegmentStatus | undefined): number | undefined {
  return segment?.peers.filter(({ state }) => state === 'eligible').length;
}

function noneMoved(outcomes: readonly IpOutcome[]): void {
  for (const { ip, macs } of outcomes) {
    assert.is(macs.length, 1, `${ip} is answered by ${macs.join(', then ')}`);
  }
}

function wireSeconds(lab: Lab, node: string): number {
  return cpuSecondsOf(lab.program(node).pidOf('wire.mjs'));
}
