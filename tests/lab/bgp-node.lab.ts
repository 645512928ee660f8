import * as assert from 'uvu/assert';
import type { BgpNode } from '../../lab/bgp-node.ts';
import { until } from '../../lab/exec.ts';
import type { Lab } from '../../lab/lab.ts';
import type { Router } from '../../lab/routers/router.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import { NODE_ASN, neighbour, ROUTER, ROUTER_ASN, withRouter } from './bgp-sessions.ts';

/** All sessions of a node at once: what is said to one router is none of the other's business. */
const HEARD_MS = 10_000;
const ROUTE = '10.99.0.1/32';
const EDGE = { host: 'n2', ipv4: '10.9.0.2', asn: 64_502 } as const;
const UNREADABLE = 'Secret metallb-system/spine can not be read';

const spine = { myASN: NODE_ASN, peerASN: ROUTER_ASN, peerAddress: ROUTER.ipv4 };
const edge = { myASN: NODE_ASN, peerASN: EDGE.asn, peerAddress: EDGE.ipv4 };

export const scenarios: readonly Scenario[] = [
  scenario(
    'bgp/two-routers-of-a-node',
    { programs: false, deadlineMs: 60_000, isLong: true },
    (lab) =>
      withTwoRouters(lab, async (node, onSpine, onEdge) => {
        const peers = (changes: object, more: object = {}) => [
          { name: 'spine', spec: { ...spine, ...changes }, ...more },
          { name: 'edge', spec: edge },
        ];
        await node.ask({ do: 'announce', first: '10.99.0.1', count: 1 });
        await node.ask({ do: 'peers', peers: peers({}) });
        await has(onSpine, true);
        await has(onEdge, true);

        // One begins anew.
        await node.ask({ do: 'peers', peers: peers({ holdTime: '6s' }) });
        await node.established('spine');
        await has(onSpine, true);
        // One must not be: fail closed.
        await node.ask({ do: 'peers', peers: peers({ holdTime: '6s' }, { problem: UNREADABLE }) });
        const { state, why } = await node.when('spine', (facts) => facts.state === 'Idle');
        assert.equal([state, why], ['Idle', UNREADABLE]);
        await has(onSpine, false);
        await node.ask({ do: 'peers', peers: peers({ holdTime: '6s' }) });
        await has(onSpine, true);

        const { events } = await node.ask({ do: 'leave' });
        assert.equal(events['edge'], ['established'], 'the other session has seen nothing of it');
        for (const router of [onSpine, onEdge]) await says(router, 'graceful-shutdown');

        await node.ask({ do: 'stop', reason: 'node n1 restarts' });
        await has(onSpine, false);
        await has(onEdge, false);
        for (const router of [onSpine, onEdge]) {
          await until({ what: 'the word', deadlineMs: HEARD_MS }, () =>
            /NOTIFICATION.*Administrative Shutdown/i.test(router.log()),
          );
        }
      }),
  ),
];

/** FRR twice: on the router, and on a node that has no business of its own. */
function withTwoRouters(
  lab: Lab,
  play: (node: BgpNode, onSpine: Router, onEdge: Router) => Promise<void>,
): Promise<undefined> {
  const plan = { neighbours: [neighbour({ passive: true })] };
  const asEdge = { ...plan, asn: EDGE.asn, id: EDGE.ipv4 };
  return withRouter(lab, 'frr', plan, async (onSpine) => {
    const withBoth = async (onEdge: Router) => play(await lab.bgpNodeOn('n1'), onSpine, onEdge);
    await withRouter(lab, 'frr', asEdge, withBoth, EDGE.host);
  });
}

async function has(router: Router, is: boolean): Promise<void> {
  const what = `${ROUTE} ${is ? 'on' : 'gone from'} the router`;
  await until({ what, deadlineMs: HEARD_MS, everyMs: 30 }, async () => {
    return ((await router.route(ROUTE)) !== undefined) === is;
  });
}

async function says(router: Router, community: string): Promise<void> {
  let seen: readonly string[] = [];
  const what = () => `${community} beside ${ROUTE}: ${seen.join(' ')}`;
  await until({ what, deadlineMs: HEARD_MS, everyMs: 30 }, async () => {
    seen = (await router.route(ROUTE))?.communities ?? [];
    return seen.includes(community);
  });
}
