import * as assert from 'uvu/assert';
import type { ClusterObject } from '../../lab/cluster.ts';
import { run } from '../../lab/exec.ts';
import type { Lab } from '../../lab/lab.ts';
import { kernelNextHops } from '../../lab/routers/router.ts';
import type { Scenario } from '../../lab/scenario.ts';
import { deleteServices } from '../../lab/standard.ts';
import { everyNode, moduleScenario, NAMESPACE, NODES, passwordOf, served } from './bgp-module.ts';
import { NODE_ASN, neighbour, ROUTER, ROUTER_ASN, reaches, withRouter } from './bgp-sessions.ts';

/** Deckhouse's own kinds of BGP: a pool, a router with a password, and the configuration that joins them to nodes. */
const API = 'network.deckhouse.io/v1alpha1';
const PASSWORD = 'between-us';
/** A second address of n2, which it is to speak from. */
const OTHER = '10.9.0.52';
const SPEAK_FROM = [NODES[0] ?? '', NODES[2] ?? '', OTHER];

function own(kind: string, name: string, spec: NonNullable<ClusterObject['spec']>): ClusterObject {
  return { apiVersion: API, kind, metadata: { name }, spec };
}

const ROUTER_OBJECT = own('MetalLoadBalancerBGPPeer', 'spine', {
  ...{ peerAddress: ROUTER.ipv4, peerASN: ROUTER_ASN, myASN: NODE_ASN, holdTime: '9s' },
  passwordSecretRef: { name: 'spine', namespace: NAMESPACE },
  sourceAddresses: [{ nodeName: 'n2', address: OTHER }],
});
const pool = () => own('MetalLoadBalancerPool', 'shop', { addresses: ['10.99.3.10-10.99.3.20'] });

function configuration(...advertisements: readonly object[]): ClusterObject {
  const bgp = { peerNames: [ROUTER_OBJECT.metadata.name] };
  return own('MetalLoadBalancerConfiguration', 'edge', { mode: 'BGP', bgp, advertisements });
}

function labelled(secret: ClusterObject): ClusterObject {
  const labels = { 'network.deckhouse.io/metallb-bgp-password': 'true' };
  return { ...secret, metadata: { ...secret.metadata, labels } };
}

async function withAddress(lab: Lab, play: () => Promise<void>): Promise<void> {
  const change = (what: string) =>
    run([
      ...['ip', 'netns', 'exec', lab.namespace('n2')],
      ...['ip', 'address', what, `${OTHER}/24`, 'dev', 'eth0'],
    ]);
  await change('add');
  try {
    await play();
  } finally {
    await deleteServices(lab);
    for (const { kind, metadata } of [configuration(), ROUTER_OBJECT, pool()]) {
      await lab.cluster.delete({ kind, name: metadata.name });
    }
    await change('delete');
  }
}

export const scenarios: readonly Scenario[] = [
  moduleScenario("deckhouse's-kinds-announce-with-a-password-and-an-own-address", (lab) => {
    const [one, , three] = everyNode({ password: PASSWORD }).neighbours;
    const two = neighbour({ address: OTHER, password: PASSWORD });
    const neighbours = [one, two, three].flatMap((each) => each ?? []);
    return withRouter(lab, 'frr', { neighbours }, (router) =>
      withAddress(lab, async () => {
        const shop = { poolNames: ['shop'], bgp: { communities: ['64500:7'] } };
        await lab.cluster.apply(pool(), ROUTER_OBJECT, configuration(shop));
        const annotations = { 'network.deckhouse.io/load-balancer-pool': 'shop' };
        const ip = await served(lab, 'web', {}, annotations);
        assert.match(ip, /^10\.99\.3\./);
        const hops = () => kernelNextHops(lab.namespace(ROUTER.host), `${ip}/32`, 'bgp');
        assert.equal(await hops(), [], 'not before the password is there');
        await lab.cluster.apply(labelled(passwordOf(PASSWORD, undefined, 'spine')));
        await reaches(lab, router, `${ip}/32`, SPEAK_FROM);
        const said = [...(await router.communitiesOf(`${ip}/32`)).values()];
        assert.equal(said, [['64500:7'], ['64500:7'], ['64500:7']]);
        // What another advertisement is about that does not exist takes nothing away.
        await lab.cluster.apply(configuration(shop, { poolNames: ['nowhere'] }));
        await reaches(lab, router, `${ip}/32`, SPEAK_FROM);
        await lab.cluster.apply(configuration({ poolNames: ['nowhere'] }));
        await reaches(lab, router, `${ip}/32`, []);
      }),
    );
  }),
];
