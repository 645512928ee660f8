import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { type CapturedClaim, startCapture } from '../../lab/capture.ts';
import { eventTells } from '../../lab/events.ts';
import { delay, until } from '../../lab/exec.ts';
import { answeredBy, assertAnswers, assignedIps, assignments } from '../../lab/health.ts';
import type { Lab } from '../../lab/lab.ts';
import { neighbourMac, touch } from '../../lab/neighbours.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import { freshServices, STANDARD_SERVICES } from '../../lab/standard.ts';
import { serviceManifest } from '../../lab/workload.ts';
import { ANNOTATION } from '../../modules/metallb/src/api/names.ts';
import {
  isAnnouncement,
  quarrelAbout,
  STRANGER_MAC,
  strangerHolds,
  tellsConflict,
} from './foreign-host.ts';

/** A host that is none of ours has an address of ours (network rule 21). */

/** The burst of a new announcement ends after 2 s. */
const BURST_OVER_MS = 2_500;
/** First after ten seconds, then later and later, up to a minute. */
const ASKED_AGAIN_WITHIN_MS = 12_000;
const QUARREL_MS = 4_000;
const DRAIN = 'network.deckhouse.io/drain-balancer';
const HELD = { web: '192.0.2.96', web6: '2001:db8:2::96' };
const REQUESTED = 'network.deckhouse.io/load-balancer-ips';

export const scenarios: readonly Scenario[] = [
  scenario('conflicts/a-stranger-announces-our-ips', {}, async (lab) => {
    const all = await freshServices(lab);
    await delay(BURST_OVER_MS);
    const ours = all.filter((one) => one.preferredNode === 'n1');
    const claims = await quarrelAbout(lab, ours, QUARREL_MS);
    for (const { ip } of ours) {
      await tellsConflict(lab, ip, { status: 'True', message: new RegExp(STRANGER_MAC) });
      assertDefendedOnce(lab, claims, ip);
    }
    for (const { ip, service } of ours) {
      const message = new RegExp(`^.* hears another host answer for ${ip} .*${STRANGER_MAC}`);
      await eventTells(lab, service, { reason: 'AddressConflict', message });
    }
    await assertAnswers(lab, all);
    // The stranger is silent now; whoever takes the IPs over has no quarrel with it.
    await lab.cluster.change({ kind: 'Node', name: 'n1' }, { annotations: { [DRAIN]: 'true' } });
    for (const { ip } of ours) await tellsConflict(lab, ip, { status: 'False' });
    return undefined;
  }),

  scenario('conflicts/a-new-ip-is-held-by-a-stranger', {}, async (lab) => {
    await strangerHolds(lab, 'add', Object.values(HELD));
    try {
      const file = join(lab.directory, 'veto.pcap');
      const at = { namespace: lab.namespace('router'), interfaceName: 'eth0', file };
      const capture = await startCapture(at);
      for (const service of STANDARD_SERVICES) {
        const ip = HELD[service.name];
        const annotations = { [REQUESTED]: ip };
        await lab.cluster.apply(serviceManifest({ ...service, count: 1, annotations }));
        assert.equal(await assignedIps(lab, service.name, 1), [ip]);
        await tellsConflict(lab, ip, { status: 'True', message: new RegExp(STRANGER_MAC) });
        assert.equal(await lab.prober.macsOf(ip), [STRANGER_MAC], `who answers for ${ip}`);
      }
      const claims = await capture.stop();
      const announced = claims.filter((one) => isAnnouncement(one) && one.mac !== STRANGER_MAC);
      assert.equal(announced, [], 'what a stranger holds is not announced');
    } finally {
      await strangerHolds(lab, 'del', Object.values(HELD));
    }
    const freed = await assignments(lab);
    for (const { ip, preferredNode } of freed) {
      await answeredBy(lab, ip, preferredNode, ASKED_AGAIN_WITHIN_MS);
      await tellsConflict(lab, ip, { status: 'False' });
    }
    return undefined;
  }),

  scenario('conflicts/forced-ips-are-held-by-a-stranger', {}, async (lab) => {
    await strangerHolds(lab, 'add', Object.values(HELD));
    try {
      for (const service of STANDARD_SERVICES) {
        const ip = HELD[service.name];
        const annotations = { [REQUESTED]: ip };
        await lab.cluster.apply(serviceManifest({ ...service, count: 1, annotations }));
        await tellsConflict(lab, ip, { status: 'True', message: /not announced until/ });
      }
      const ips = Object.values(HELD);
      await touch(lab.namespace('client'), ips);
      for (const ip of ips) await clientKnows(lab, ip, STRANGER_MAC);
      for (const { name } of STANDARD_SERVICES) {
        const ref = { kind: 'Service', namespace: 'default', name };
        await lab.cluster.change(ref, { annotations: { [ANNOTATION.forceAddress]: 'true' } });
      }
      for (const { ip, preferredNode } of await assignments(lab)) {
        await clientKnows(lab, ip, lab.macOf(preferredNode));
        assert.ok((await lab.prober.macsOf(ip)).includes(lab.macOf(preferredNode)), ip);
        await tellsConflict(lab, ip, { status: 'True', message: /announced all the same/ });
      }
    } finally {
      await strangerHolds(lab, 'del', Object.values(HELD));
    }
    return undefined;
  }),
];

/** Waits until the client's kernel sends to this MAC. */
async function clientKnows(lab: Lab, ip: string, mac: string): Promise<void> {
  let known: string | undefined;
  const what = () => `the client sends for ${ip} to ${mac}, not to ${known}`;
  await until({ what, deadlineMs: 5_000 }, async () => {
    known = await neighbourMac(lab.namespace('client'), ip);
    return known === mac;
  });
}

/** RFC 5227 §2.4 (c): one announcement, which is a request and a reply here, within ten seconds. */
function assertDefendedOnce(lab: Lab, claims: readonly CapturedClaim[], ip: string): void {
  const own = claims.filter(
    (one) => one.ip === ip && one.mac === lab.macOf('n1') && isAnnouncement(one),
  );
  const kinds = own.map((one) => one.kind).sort();
  const once = ip.includes(':') ? ['neighbour-advertisement'] : ['arp-reply', 'arp-request'];
  assert.equal(kinds, once, `defences of ${ip} within ${QUARREL_MS} ms`);
}
