import * as assert from 'uvu/assert';
import type { PeerSpec, RouteSpec } from '../../lab/bgp-speaker.ts';
import { until } from '../../lab/exec.ts';
import type { Lab } from '../../lab/lab.ts';
import { Frr } from '../../lab/routers/frr.ts';
import type { Router, SeenRoute } from '../../lab/routers/router.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import {
  KINDS,
  NODE_ASN,
  neighbour,
  peer,
  ROUTER,
  ROUTER_ASN,
  reaches,
  speakerWith,
  withRouter,
} from './bgp-sessions.ts';

/** What BGP says, as other projects' routers understand it, and what their kernels make of it. */
const KERNEL_ONLY = { programs: false } as const;
const SEEN_MS = 5_000;
const ROUTE_TARGET = '0002fbf400000064';

const EVERYTHING: RouteSpec = {
  ...{ prefix: '10.99.0.1/32', med: 5, prepend: 2, localPref: 300 },
  ...{ communities: ['64500:100', '65535:65281'], large: ['64500:1:2'], extended: [ROUTE_TARGET] },
};
const IPV6 = '2001:db8:99::1/128';

const linkLocal = (host: number) => `fe80::ff:fe00:${host.toString(16)}`;

export const scenarios: readonly Scenario[] = [
  scenario('bgp/frr-asks-for-everything-once-more', KERNEL_ONLY, (lab) =>
    withRouter(lab, 'frr', { neighbours: [neighbour()] }, async (router) => {
      const { address } = neighbour();
      const speaker = await speakerWith(lab, 'n1', peer());
      await speaker.ask({ do: 'announce', routes: [{ prefix: '10.99.0.1/32' }] });
      await reaches(lab, router, '10.99.0.1/32', [address]);
      assert.instance(router, Frr);
      await router.askAgain();
      // Around what it is told once more: what it has besides, it drops.
      await until({ what: 'begin and end', deadlineMs: SEEN_MS }, async () => {
        return (await router.refreshesFrom(address)) === 2;
      });
      await reaches(lab, router, '10.99.0.1/32', [address]);
    }),
  ),

  ...KINDS.map((kind) =>
    scenario(`bgp/${kind}-external`, KERNEL_ONLY, (lab) =>
      withRouter(lab, kind, { neighbours: [neighbour()] }, async (router) => {
        const speaker = await speakerWith(lab, 'n1', peer());
        await speaker.ask({ do: 'announce', routes: [EVERYTHING, { prefix: IPV6 }] });
        await speaker.established('router');
        const seen = await routeOn(router, EVERYTHING.prefix);
        assert.equal(seen.asPath, [NODE_ASN, NODE_ASN, NODE_ASN]);
        assert.is(seen.med, 5);
        assert.equal(seen.large, ['64500:1:2']);
        assert.equal(seen.extended, ['RT:64500:100']);
        assert.equal([...seen.communities].sort().map(numbered), ['64500:100', '65535:65281']);
        // A local preference is none of another AS's business (RFC 4271 §5.1.5): the router's own default is what it has.
        assert.ok(seen.localPref === undefined || seen.localPref === 100, `${seen.localPref}`);
        await reaches(lab, router, EVERYTHING.prefix, ['10.9.0.1']);
        // RFC 2545: over a session of IPv4, the node's global address of that interface.
        await reaches(lab, router, IPV6, ['fd00:9::1']);
        await speaker.ask({ do: 'announce', routes: [{ prefix: EVERYTHING.prefix, med: 9 }] });
        const changed = async () => (await router.route(EVERYTHING.prefix))?.med === 9;
        await until({ what: 'the change', deadlineMs: SEEN_MS }, changed);
        await speaker.ask({ do: 'withdraw', prefix: EVERYTHING.prefix });
        await speaker.ask({ do: 'withdraw', prefix: IPV6 });
        await reaches(lab, router, EVERYTHING.prefix, []);
        await reaches(lab, router, IPV6, []);
      }),
    ),
  ),

  ...KINDS.map((kind) =>
    scenario(`bgp/${kind}-internal`, { ...KERNEL_ONLY, isLong: kind !== 'frr' }, (lab) =>
      withRouter(lab, kind, { neighbours: [neighbour({ asn: ROUTER_ASN })] }, async (router) => {
        const own = { localAsn: ROUTER_ASN, remoteAsn: 'internal' } as const;
        const speaker = await speakerWith(lab, 'n1', peer(own));
        await speaker.ask({ do: 'announce', routes: [EVERYTHING, { prefix: IPV6 }] });
        await speaker.established('router');
        const seen = await routeOn(router, EVERYTHING.prefix);
        assert.equal(seen.asPath, []);
        assert.is(seen.localPref, 300);
        await reaches(lab, router, EVERYTHING.prefix, ['10.9.0.1']);
        await reaches(lab, router, IPV6, ['fd00:9::1']);
      }),
    ),
  ),

  ...KINDS.flatMap((kind) => [
    scenario(`bgp/${kind}-over-ipv6`, { ...KERNEL_ONLY, isLong: kind !== 'frr' }, (lab) =>
      overIpv6(lab, kind, 'fd00:9::1', { address: ROUTER.ipv6, ipv4OverIpv6: true }),
    ),
    scenario(`bgp/${kind}-link-local`, { ...KERNEL_ONLY, isLong: kind !== 'frr' }, (lab) =>
      overIpv6(lab, kind, linkLocal(1), {
        ...{ address: linkLocal(254), interface: 'eth0', ipv4OverIpv6: true },
      }),
    ),
  ]),

  // Without RFC 8950 from both sides there is no way to say how IPv4 prefixes are reached.
  scenario('bgp/no-ipv4-next-hop', KERNEL_ONLY, (lab) =>
    withRouter(
      lab,
      'frr',
      { neighbours: [neighbour({ address: 'fd00:9::1' })] },
      async (router) => {
        const speaker = await speakerWith(lab, 'n1', peer({ address: ROUTER.ipv6 }));
        await speaker.ask({ do: 'announce', routes: [EVERYTHING, { prefix: IPV6 }] });
        await speaker.established('router');
        await reaches(lab, router, IPV6, ['fd00:9::1']);
        assert.is(await router.route(EVERYTHING.prefix), undefined);
        assert.is((await speaker.peer('router')).told, 1);
      },
    ),
  ),

  scenario('bgp/equal-ways', KERNEL_ONLY, (lab) => {
    const nodes = [1, 2, 3] as const;
    const neighbours = nodes.map((node) =>
      neighbour({ address: `10.9.0.${node}`, asn: NODE_ASN + node * 10 }),
    );
    return withRouter(lab, 'frr', { neighbours }, async (router) => {
      for (const node of nodes) {
        const own = { routerId: `10.9.0.${node}`, localAsn: NODE_ASN + node * 10 };
        const speaker = await speakerWith(lab, `n${node}`, peer(own));
        await speaker.ask({ do: 'announce', routes: [{ prefix: '10.99.0.7/32' }] });
      }
      await reaches(lab, router, '10.99.0.7/32', ['10.9.0.1', '10.9.0.2', '10.9.0.3']);
    });
  }),
];

function overIpv6(
  lab: Lab,
  kind: Router['kind'],
  address: string,
  spec: Partial<PeerSpec>,
): Promise<undefined> {
  const at = spec.interface === undefined ? {} : { interface: spec.interface };
  const neighbours = [neighbour({ address, ipv4OverIpv6: true, ...at })];
  return withRouter(lab, kind, { neighbours }, async (router) => {
    const speaker = await speakerWith(lab, 'n1', peer(spec));
    await speaker.ask({
      do: 'announce',
      routes: [{ prefix: IPV6 }, { prefix: EVERYTHING.prefix }],
    });
    await speaker.established('router');
    await reaches(lab, router, IPV6, [address]);
    await reaches(lab, router, EVERYTHING.prefix, [address]);
  });
}

async function routeOn(router: Router, prefix: string): Promise<SeenRoute> {
  const waiting = { what: `${prefix} on ${router.kind}`, deadlineMs: SEEN_MS, everyMs: 30 };
  return until(waiting, () => router.route(prefix));
}

/** Routers have names for some. */
function numbered(community: string): string {
  const names: Readonly<Record<string, string>> = {
    'no-export': '65535:65281',
    noExport: '65535:65281',
  };
  return names[community] ?? community;
}
