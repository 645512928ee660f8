import { join } from 'node:path';
import type { BgpSpeaker, PeerSpec } from '../../lab/bgp-speaker.ts';
import { run, until } from '../../lab/exec.ts';
import { type Lab, ROUTER_ASN } from '../../lab/lab.ts';
import { Bird } from '../../lab/routers/bird.ts';
import { Frr } from '../../lab/routers/frr.ts';
import { Gobgp } from '../../lab/routers/gobgp.ts';
import {
  kernelNextHops,
  type Neighbour,
  type Router,
  type RouterKind,
  type RouterPlace,
  type RouterPlan,
} from '../../lab/routers/router.ts';

export const KINDS: readonly RouterKind[] = ['frr', 'bird', 'gobgp'];
const SEEN_MS = 5_000;
export const NODE_ASN = 64_500;
export { ROUTER_ASN };
/** The host of the lab that routers run on, and its addresses. */
export const ROUTER = { host: 'router', ipv4: '10.9.0.254', ipv6: 'fd00:9::fe' } as const;

interface RouterOf {
  readonly frr: Frr;
  readonly bird: Bird;
  readonly gobgp: Gobgp;
}

const MAKE: {
  readonly [Kind in RouterKind]: new (
    place: RouterPlace,
    plan: RouterPlan,
  ) => RouterOf[Kind];
} = {
  frr: Frr,
  bird: Bird,
  gobgp: Gobgp,
};

/** Plays with a router that runs, and ends it whatever comes of it. */
export async function withRouter<Kind extends RouterKind>(
  lab: Lab,
  kind: Kind,
  plan: Partial<RouterPlan> & Pick<RouterPlan, 'neighbours'>,
  play: (router: RouterOf[Kind]) => Promise<void>,
  host: string = ROUTER.host,
): Promise<undefined> {
  const directory = join(lab.directory, `router-${host}-${Date.now()}`);
  const place = { namespace: lab.namespace(host), directory };
  const router = new MAKE[kind](place, { asn: ROUTER_ASN, id: ROUTER.ipv4, ...plan });
  try {
    await router.start();
    await play(router);
  } catch (error) {
    throw new Error(`with ${kind}, which said\n${router.log()}`, { cause: error });
  } finally {
    await router.stop();
  }
  return undefined;
}

/** Node n1 as the router knows it, and the router as n1 knows it. */
export function neighbour(changes: Partial<Neighbour> = {}): Neighbour {
  return { address: '10.9.0.1', asn: NODE_ASN, ...changes };
}

export function peer(changes: Partial<PeerSpec> = {}): PeerSpec {
  return {
    ...{ name: 'router', address: ROUTER.ipv4, routerId: '10.9.0.1' },
    ...{ localAsn: NODE_ASN, remoteAsn: ROUTER_ASN, ...changes },
  };
}

/** A speaker on a host with one peer. */
export async function speakerWith(lab: Lab, host: string, spec: PeerSpec): Promise<BgpSpeaker> {
  const speaker = await lab.bgpSpeakerOn(host);
  await speaker.ask({ do: 'peer', peer: spec });
  return speaker;
}

/** In the kernel's table where the router fills one, else in the router's. */
export async function reaches(
  lab: Lab,
  router: Router,
  prefix: string,
  nextHops: readonly string[],
  deadlineMs = SEEN_MS,
): Promise<void> {
  let seen: readonly string[] = [];
  const what = () => `${prefix} via ${nextHops.join(' ') || 'nobody'}, not ${seen.join(' ')}`;
  await until({ what, deadlineMs, everyMs: 30 }, async () => {
    const { kernelProtocol } = router;
    seen =
      kernelProtocol === undefined
        ? ((await router.route(prefix))?.nextHops ?? [])
        : await kernelNextHops(lab.namespace(ROUTER.host), prefix, kernelProtocol);
    return String(seen) === String(nextHops);
  });
}

/** Flows and not hosts: the kernel goes by ports, too. */
export async function spreadsByPorts(host: string): Promise<void> {
  const hash = 'net.ipv4.fib_multipath_hash_policy=1';
  await run(['ip', 'netns', 'exec', host, 'sysctl', '-qw', hash]);
}

/** The router's connection to a neighbour is gone without a word of BGP; both programs go on. */
export async function resetConnection(lab: Lab, neighbour: string): Promise<void> {
  const reset = ['ss', '-K', 'dst', neighbour, 'sport', '=', ':179'];
  await run(['ip', 'netns', 'exec', lab.namespace(ROUTER.host), ...reset]);
}
