import * as assert from 'uvu/assert';
import { tells } from '../../lab/condition.ts';
import { doctorFinds } from '../../lab/doctor.ts';
import { until } from '../../lab/exec.ts';
import { pageOf } from '../../lab/http.ts';
import type { Lab } from '../../lab/lab.ts';
import { batch } from '../../lab/network.ts';
import { nodeTells } from '../../lab/node-condition.ts';
import {
  framesOfOnePing,
  keptLoopGuard,
  loopGuard,
  routeByRouter,
  STORM,
} from '../../lab/ping-storm.ts';
import type { Scenario } from '../../lab/scenario.ts';
import {
  advertisement,
  bgpPeer,
  everyNode,
  moduleScenario,
  NAMESPACE,
  NODES,
  object,
  served,
} from './bgp-module.ts';
import { ROUTER, reaches, withRouter } from './bgp-sessions.ts';

/** An aggregate stands for IPs that no Service has, and for those of other nodes, too. */
const AGGREGATE = '10.99.0.0/28';
const LENGTH = 28;
const UNUSED = '10.99.0.9';
const FAR = '10.99.0.0/24';
const ONLY_N1 = { nodeSelectors: [{ matchLabels: { 'kubernetes.io/hostname': 'n1' } }] };
const [FIRST = ''] = NODES;

export const scenarios: readonly Scenario[] = [
  // RFC 4632 §5.1: who announces an aggregate has a route to nowhere for what is not used of it.
  moduleScenario('aggregates-lead-what-nobody-has-to-nowhere-with-the-loop-guard', async (lab) => {
    const throughRouter = `${FAR} via ${ROUTER.ipv4}`;
    const client = lab.namespace('client');
    await batch(client, [`route add ${throughRouter}`]);
    await routeByRouter(lab, 'n1', 'replace');
    try {
      await withRouter(lab, 'frr', everyNode(), async (router) => {
        const wish = { aggregationLength: LENGTH, ...ONLY_N1 };
        await lab.cluster.apply(bgpPeer(), advertisement(wish));
        const ip = await served(lab, 'web');
        await reaches(lab, router, AGGREGATE, [FIRST]);
        const storm = await framesOfOnePing(lab, 'n1', UNUSED, 'IPv4');
        assert.ok(storm > STORM, `${storm} frames of one ping`);
        const loop = /a packet from eth0 to an address of 10\.99\.0\.0-10\.99\.0\.255/;
        await nodeTells(lab, 'n1', 'ForwardingLoop', { message: loop });
        assert.match((await doctorFinds(lab, 'n1')).join('\n'), loop);
        const guard = keptLoopGuard(lab, 'n1');
        await guards(lab, FAR);
        assert.is(await framesOfOnePing(lab, 'n1', UNUSED, 'IPv4'), 2, 'refused');
        assert.match(await pageOf(lab, ip), /^pod\d /, 'and yet served');
        assert.not.match((await doctorFinds(lab, 'n1')).join('\n'), 'forwarding loop');
        await lab.cluster.apply(advertisement({ ...wish, ipAddressPools: ['none'] }));
        await guards(lab, FAR, false);
        await lab.cluster.apply(advertisement(wish));
        await guards(lab, FAR);
        await guard.stop();
        await guards(lab, '', false);
      });
    } finally {
      await routeByRouter(lab, 'n1', 'delete');
      await batch(client, [`route delete ${throughRouter}`]);
    }
    return undefined;
  }),

  moduleScenario('aggregates-that-mislead-are-not-announced', (lab) =>
    withRouter(lab, 'frr', everyNode(), async (router) => {
      const wide = { ipAddressPools: ['far'], aggregationLength: LENGTH };
      await lab.cluster.apply(bgpPeer(), advertisement(wide));
      const ip = await served(lab, 'web');
      await reaches(lab, router, AGGREGATE, NODES);
      await served(lab, 'web', { externalTrafficPolicy: 'Local' });
      await reaches(lab, router, AGGREGATE, []);
      const service = { kind: 'Service', namespace: 'default', name: 'web' };
      const type = 'network.deckhouse.io/ips-announceable';
      await tells(lab, service, { type, status: 'False', message: /expected 32 under .* Local/ });
      await lab.cluster.apply(advertisement({ ipAddressPools: ['far'] }));
      await reaches(lab, router, `${ip}/32`, NODES);

      // One of the router itself.
      const near = { addresses: ['10.9.0.224/27'], autoAssign: false };
      await lab.cluster.apply(
        object('IPAddressPool', 'near', { spec: near }),
        object('BGPAdvertisement', 'near', {
          spec: { ipAddressPools: ['near'], aggregationLength: 27 },
        }),
      );
      const refused = { kind: 'BGPAdvertisement', namespace: NAMESPACE, name: 'near' };
      await tells(lab, refused, {
        ...{ type: 'Accepted', status: 'False', reason: 'AggregateCoversHost' },
        message: new RegExp(`covers ${ROUTER.ipv4}, address of BGPPeer`),
      });
      await until({ what: 'nothing but the /32', deadlineMs: 5_000 }, async () => {
        return String(await router.table()) === `${ip}/32`;
      });
    }),
  ),
];

/** Waits until a sidecar has the rule, or has it no more. @param pool empty: any */
async function guards(lab: Lab, pool: string, isWanted = true): Promise<void> {
  const rule = `from eth0 to ${pool}`;
  const what = `${rule} is ${isWanted ? 'refused' : 'let through'}`;
  await until({ what, deadlineMs: 10_000, everyMs: 200 }, async () => {
    return (await loopGuard(lab, 'n1', 'show')).includes(rule) === isWanted;
  });
}
