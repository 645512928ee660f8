import { type Scenario, scenario } from '../../lab/scenario.ts';
import { releaseLab } from '../journeys/release-lab.ts';
import { advertisement, bgpPeer, everyNode, NODES, POOL, served } from '../lab/bgp-module.ts';
import { reaches, withRouter } from '../lab/bgp-sessions.ts';

/** BGP's own port, which nobody but a Pod of the chart may listen on. */
const BGP_PORT = 179;
const LAB = releaseLab({ edition: 'EE', bgp: { listenPort: BGP_PORT } });
const PASSIVE = { 'network.deckhouse.io/bgp-passive': 'true' };

export const scenarios: readonly Scenario[] = [
  scenario(
    'bgp-port/the-chart-gives-the-right-to-it',
    { lab: LAB, stores: ['kubernetes'], isLong: true, deadlineMs: 180_000 },
    (lab) =>
      withRouter(lab, 'frr', everyNode(), async (router) => {
        const peer = bgpPeer();
        const metadata = { ...peer.metadata, annotations: PASSIVE };
        await lab.cluster.apply(POOL, { ...peer, metadata }, advertisement());
        await reaches(lab, router, `${await served(lab, 'far')}/32`, NODES);
      }),
  ),
];
