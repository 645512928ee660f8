import { run } from '../exec.ts';

/** A speaker as its router knows it. */
export interface Neighbour {
  readonly address: string;
  /** `address` is an interface: whoever is at it. */
  readonly unnumbered?: boolean;
  /** Of a link-local address. */
  readonly interface?: string;
  readonly asn: number;
  readonly password?: string;
  /** GTSM: nothing from further away than one hop. */
  readonly gtsm?: boolean;
  /** Not on the link: it is spoken to from this address, over two hops at most. FRR alone has words for it here. */
  readonly farFrom?: string;
  /** Where it listens, if not at BGP's own port. */
  readonly port?: number;
  /** The router only waits for it. */
  readonly passive?: boolean;
  readonly holdSeconds?: number;
  /** A shorter hold time is refused. GoBGP refuses none. */
  readonly minimumHoldSeconds?: number;
  /** What is spoken with it; both when nothing is said. */
  readonly families?: readonly RouterFamily[];
  /** Whoever speaks not all of them is refused; FRR alone has a word for it. */
  readonly isStrict?: boolean;
  /** What the router is to it (RFC 9234); with `strict-mode` it has to say its own role. FRR alone has a word for it here. */
  readonly role?: 'provider strict-mode' | 'peer';
  /** BFD, with so many milliseconds between packets; three may be missing. */
  readonly bfdMs?: number;
  /** FRR's `check-control-plane-failure`: of a neighbour that restarts, BFD is asked whether it forwards. */
  readonly checkControlPlane?: boolean;
  /** BFD is signed with it, by Keyed SHA1; its number is 1. BIRD only. */
  readonly bfdKey?: string;
  /** RFC 8950 */
  readonly ipv4OverIpv6?: boolean;
}

export type RouterFamily = 'IPv4' | 'IPv6';
export const BOTH_FAMILIES: readonly RouterFamily[] = ['IPv4', 'IPv6'];

/** What a router is to be. */
export interface RouterPlan {
  readonly asn: number;
  readonly id: string;
  readonly neighbours: readonly Neighbour[];
  /** IPv4 prefixes that it announces. */
  readonly announced?: readonly string[];
  /** Routes of a neighbour that is gone for longer than it asked to be waited for are kept for so long (RFC 9494); of FRR. */
  readonly longLivedSeconds?: number;
}

/** A route as a router has it, communities as people write them. */
export interface SeenRoute {
  readonly nextHops: readonly string[];
  readonly asPath: readonly number[];
  readonly localPref: number | undefined;
  readonly med: number | undefined;
  readonly communities: readonly string[];
  readonly large: readonly string[];
  readonly extended: readonly string[];
}

/** Another project's router on a host of the lab. */
export interface Router {
  readonly kind: RouterKind;
  /** How its routes are marked in the kernel's table; undefined: it fills none. */
  readonly kernelProtocol: string | undefined;
  start(): Promise<void>;
  /** It takes its routes out of the kernel's table. */
  stop(): Promise<void>;
  /** As after a power cut; it can be started again. */
  kill(): Promise<void>;
  /** Of the first neighbour; the session with it is the router's business. */
  setPassword(password: string): Promise<void>;
  isEstablished(neighbour: string): Promise<boolean>;
  route(prefix: string): Promise<SeenRoute | undefined>;
  /** How many routes it has from its neighbours. */
  count(family: 'IPv4' | 'IPv6'): Promise<number>;
  log(): string;
}

export type RouterKind = 'frr' | 'bird' | 'gobgp';

/** Where a router runs. */
export interface RouterPlace {
  readonly namespace: string;
  /** Everything of it is below this one, which the scenario has made. */
  readonly directory: string;
}

export const DEFAULT_HOLD_SECONDS = 9;

/** The plan with another password of its first neighbour. */
export function withPassword(plan: RouterPlan, password: string): RouterPlan {
  const [first, ...others] = plan.neighbours;
  return first === undefined ? plan : { ...plan, neighbours: [{ ...first, password }, ...others] };
}

/** Next hops of a route in a kernel's table; empty where it has none. */
export async function kernelNextHops(
  namespace: string,
  prefix: string,
  protocol: string,
): Promise<readonly string[]> {
  const family = prefix.includes(':') ? '-6' : '-4';
  const command = ['ip', '-n', namespace, family, '-j', 'route', 'show', prefix];
  const routes: readonly KernelRoute[] = JSON.parse((await run(command)) || '[]');
  return routes
    .filter((route) => route.protocol === protocol)
    .flatMap((route) => [route, ...(route.nexthops ?? [])])
    .flatMap(({ gateway, via }) => gateway ?? via?.host ?? [])
    .sort();
}

/** How many of so many flows each next hop of a route gets, by the kernel's table; empty where it has one, or no route. */
export async function kernelWeights(
  namespace: string,
  prefix: string,
): Promise<ReadonlyMap<string, number>> {
  const family = prefix.includes(':') ? '-6' : '-4';
  const command = ['ip', '-n', namespace, family, '-j', 'route', 'show', prefix];
  const [route]: readonly KernelRoute[] = JSON.parse((await run(command)) || '[]');
  return new Map(
    (route?.nexthops ?? []).map(({ gateway = '', weight = 1 }) => [gateway, weight] as const),
  );
}

interface KernelHop {
  readonly gateway?: string;
  readonly weight?: number;
  /** Where the next hop is of another family than the route (RFC 8950). */
  readonly via?: { readonly host: string };
}

interface KernelRoute extends KernelHop {
  readonly protocol: string;
  readonly nexthops?: readonly KernelHop[];
}

/** How many routes of a protocol a kernel has. */
export async function kernelCount(namespace: string, protocol: string): Promise<number> {
  const counts = ['-4', '-6'].map(async (family) => {
    const command = ['ip', '-n', namespace, family, 'route', 'show', 'proto', protocol];
    return (await run(command)).split('\n').filter((line) => /^\S/.test(line)).length;
  });
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
}
