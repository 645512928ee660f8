import * as assert from 'uvu/assert';
import { delay, until } from '../../lab/exec.ts';
import type { FakeKubeProxy } from '../../lab/fake-kube-proxy.ts';
import { NODE_LOSS } from '../../lab/faults.ts';
import { type Assignment, answeredBy, ready, settled } from '../../lab/health.ts';
import type { Lab } from '../../lab/lab.ts';
import { nodeTells } from '../../lab/node-condition.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import { freshServices, newService } from '../../lab/standard.ts';
import { goDownForReboot, heirsOf, stay } from './reboot.ts';
import { SCRIPTED, syncedProxies } from './scripted-kube-proxies.ts';

/** Longer than the lab's hold-down, and than any election. */
const STEADY_MS = 3_000;

export const scenarios: readonly Scenario[] = [
  scenario('dataplane/new-ip-waits-for-kube-proxy', SCRIPTED, async (lab) => {
    const proxies = await syncedProxies(lab);
    const [fresh = ''] = await newService(lab);
    await delay(1_200);
    assert.equal(await lab.prober.macsOf(fresh), [], 'nobody serves it yet');
    for (const proxy of proxies.values()) await proxy.sync();
    await until({ what: `${fresh} answered`, deadlineMs: 600 }, async () => {
      return (await lab.prober.macsOf(fresh)).length === 1;
    });
    await settled(lab);
    return undefined;
  }),

  scenario('dataplane/busy-kube-proxy-delays-two-seconds', SCRIPTED, async (lab) => {
    await syncedProxies(lab);
    const begun = performance.now();
    const [fresh = ''] = await newService(lab);
    await until({ what: `${fresh} answered`, deadlineMs: 4_000 }, async () => {
      return (await lab.prober.macsOf(fresh)).length === 1;
    });
    const waitedMs = performance.now() - begun;
    assert.ok(waitedMs > 1_500, `after ${waitedMs} ms: not before the longest wait`);
    return undefined;
  }),

  scenario('dataplane/without-kube-proxy-a-second', SCRIPTED, async (lab) => {
    const begun = performance.now();
    const [fresh = ''] = await newService(lab);
    await until({ what: `${fresh} answered`, deadlineMs: 3_000 }, async () => {
      return (await lab.prober.macsOf(fresh)).length === 1;
    });
    const waitedMs = performance.now() - begun;
    assert.ok(waitedMs > 700, `after ${waitedMs} ms: not before the setting's wait`);
    return undefined;
  }),

  scenario('dataplane/rebooted-node-stays-last-until-kube-proxy-syncs', SCRIPTED, async (lab) => {
    const proxies = await syncedProxies(lab);
    const proxy = proxies.get('n1');
    assert.ok(proxy);
    const before = await servicesThatAreServed(lab, proxies);
    await goDownForReboot(lab, 'n1');
    await proxy.beSilent();
    const elsewhere = await heirsOf(lab, before, 'n1');
    await lab.cluster.cutOff();
    await NODE_LOSS.repair(lab, 'n1');
    await ready(lab, 'n1');
    await delay(STEADY_MS);
    await stay(lab, elsewhere, 'kube-proxy does not run');
    await proxy.tellNothing();
    await delay(STEADY_MS);
    await stay(lab, elsewhere, 'kube-proxy waits for the API server');
    await lab.cluster.reconnect();
    const told = await nodeTells(lab, 'n1', 'DataplaneNotSynced');
    assert.match(told, /kube-proxy has not written its rules since this node started/);
    await stay(lab, elsewhere, 'the API server is back, kube-proxy has not synced');
    await proxy.sync();
    await settled(lab);
    await nodeTells(lab, 'n1', 'DataplaneNotSynced', { status: 'False' });
    return undefined;
  }),

  scenario(
    'dataplane/nobody-has-synced-and-all-is-answered',
    { ...SCRIPTED, isLong: true },
    async (lab) => {
      const proxies = await syncedProxies(lab);
      const all = await servicesThatAreServed(lab, proxies);
      for (const [node, proxy] of proxies) {
        await goDownForReboot(lab, node);
        await proxy.beSilent();
      }
      for (const node of lab.nodes) await NODE_LOSS.repair(lab, node);
      for (const node of lab.nodes) await nodeTells(lab, node, 'DataplaneNotSynced');
      for (const { ip, preferredNode } of all) await answeredBy(lab, ip, preferredNode, 5_000);
      return undefined;
    },
  ),
];

/** Each kube-proxy has the rules of the standard Services. */
async function servicesThatAreServed(
  lab: Lab,
  proxies: ReadonlyMap<string, FakeKubeProxy>,
): Promise<Assignment[]> {
  const creating = freshServices(lab);
  for (let round = 0; round < 10; round += 1) {
    for (const one of proxies.values()) await one.sync();
    await delay(200);
  }
  return creating;
}
