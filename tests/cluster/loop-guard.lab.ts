import { readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { doctorFinds } from '../../lab/doctor.ts';
import { run, until } from '../../lab/exec.ts';
import { killPart } from '../../lab/faults.ts';
import { settled } from '../../lab/health.ts';
import { pageOf } from '../../lab/http.ts';
import { objectPath } from '../../lab/kubernetes/kinds.ts';
import { RELEASE_NAMESPACE } from '../../lab/kubernetes/release.ts';
import type { Lab } from '../../lab/lab.ts';
import { nodeTells } from '../../lab/node-condition.ts';
import { framesOfOnePing, routeByRouter, STORM } from '../../lab/ping-storm.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import { freshServices } from '../../lab/standard.ts';
import { classManifest } from '../../lab/workload.ts';
import { RELEASE_LAB } from '../journeys/release-lab.ts';

const NODE = 'n1';
const FAMILIES = ['IPv4', 'IPv6'] as const;
/** Three speakers, one after the other, each ready for five seconds before the next. */
const ROLLED_OUT_WITHIN_MS = 120_000;
/** The guard looks once a second. */
const GUARDED_WITHIN_MS = 10_000;
/** Bit 12 of the capabilities, capabilities(7). */
const NET_ADMIN = 1n << 12n;

/** The chart's option alone, no hand on a node: network rule 27. */
export const scenarios: readonly Scenario[] = [
  scenario(
    'loop-guard/the-chart-installs-it',
    { lab: RELEASE_LAB, stores: ['kubernetes'], isLong: true, deadlineMs: 400_000 },
    async (lab) => {
      const all = await freshServices(lab);
      // What is not available is replaced at once, all of it together: so Kubernetes rolls out.
      await rolledOut(lab);
      const ipOf = (service: string) =>
        all.find((one) => one.service === service && one.preferredNode === NODE)?.ip ?? '';
      const targets = { IPv4: ipOf('web'), IPv6: ipOf('web6') };
      const frames = async () => {
        await settled(lab);
        const IPv4 = await framesOfOnePing(lab, NODE, targets.IPv4, 'IPv4');
        return [IPv4, await framesOfOnePing(lab, NODE, targets.IPv6, 'IPv6')];
      };
      await routeByRouter(lab, NODE, 'replace');
      try {
        const storms = await frames();
        assert.ok(Math.min(...storms) > STORM, `${storms} frames of one ping`);
        // Routes are looked at every minute, and soon after a start.
        killPart(lab, NODE, 'speaker.mjs');
        await nodeTells(lab, NODE, 'ForwardingLoop', { status: 'True' });

        await setLoopGuard(lab, true);
        assert.equal(await frames(), [2, 2], 'frames of one ping');
        for (const family of FAMILIES)
          assert.match(await pageOf(lab, targets[family]), /^backend /);
        await nodeTells(lab, NODE, 'ForwardingLoop', { status: 'False' });
        assert.not.match((await doctorFinds(lab, NODE)).join('\n'), 'forwarding loop');
        assert.equal(capabilitiesOfGuard(lab), [NET_ADMIN, NET_ADMIN, NET_ADMIN]);

        await followsPools(lab);

        await setLoopGuard(lab, false);
        assert.equal(await rulesOn(lab, NODE), [], 'rules');
        assert.ok(Math.min(...(await frames())) > STORM, 'as before');
        return { unit: 'frames of one ping without guard', samples: storms };
      } finally {
        await routeByRouter(lab, NODE, 'delete');
        await setLoopGuard(lab, false);
      }
    },
  ),
];

/** A class that comes, grows and goes. */
async function followsPools(lab: Lab): Promise<void> {
  const before = await rulesOn(lab, NODE);
  const later = (...addressPool: string[]) => classManifest({ name: 'later', addressPool });
  const isGuarded = (...more: string[]) =>
    until({ what: () => `rules to ${more.join()}`, deadlineMs: GUARDED_WITHIN_MS }, async () => {
      const rules = await rulesOn(lab, NODE);
      return [...before, ...more].sort().join() === rules.join();
    });
  await lab.cluster.apply(later('198.51.100.0/25'));
  await isGuarded('198.51.100.0/25');
  await lab.cluster.apply(later('198.51.100.0/25', '2001:db8:9::/64'));
  await isGuarded('198.51.100.0/25', '2001:db8:9::/64');
  await lab.cluster.delete({ kind: 'MetalLoadBalancerClass', name: 'later' });
  await isGuarded();
}

/** By helm, as a platform engineer would. */
async function setLoopGuard(lab: Lab, enabled: boolean): Promise<void> {
  const { release } = lab.kubernetes.installation ?? {};
  const { metallb } = RELEASE_LAB.release as { metallb: object };
  await release?.upgrade({ metallb: { ...metallb, loopGuard: { enabled } } });
  await rolledOut(lab);
}

async function rolledOut(lab: Lab): Promise<void> {
  const what = 'every speaker available and of the last template';
  await until({ what, deadlineMs: ROLLED_OUT_WITHIN_MS, everyMs: 500 }, async () => {
    const path = objectPath('DaemonSet', 'speaker', RELEASE_NAMESPACE);
    const { metadata, status } = (await lab.kubernetes.api.get(path)) as DaemonSetState;
    return (
      status.observedGeneration === metadata.generation &&
      status.updatedNumberScheduled === lab.nodes.length &&
      status.numberAvailable === lab.nodes.length
    );
  });
}

interface DaemonSetState {
  readonly metadata: { readonly generation: number };
  readonly status: {
    readonly observedGeneration?: number;
    readonly updatedNumberScheduled?: number;
    readonly numberAvailable?: number;
  };
}

/** Where packets are refused to, sorted. */
async function rulesOn(lab: Lab, node: string): Promise<string[]> {
  const lists = await Promise.all(
    ['-4', '-6'].map((family) =>
      run(['ip', 'netns', 'exec', lab.namespace(node), 'ip', family, 'rule', 'list']),
    ),
  );
  const rules = [...lists.join('').matchAll(/^4225:.* to (\S+) iif eth0 unreachable/gm)];
  return rules.map(([, to = '']) => to).sort();
}

/** Of the guard's process. */
function capabilitiesOfGuard(lab: Lab): bigint[] {
  const pid = lab.kubernetes.installation?.kubelets.programOn(NODE, 'speaker-', 'loop-guard').pid;
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return [...status.matchAll(/^Cap(?:Prm|Eff|Bnd):\s+(\w+)$/gm)].map(([, mask]) =>
    BigInt(`0x${mask}`),
  );
}
