import { join } from 'node:path';
import { BFD_MULTIPLIER } from './bfd-daemon.ts';
import { type FrrDaemon, FrrDaemons } from './frr-daemons.ts';
import {
  BOTH_FAMILIES,
  DEFAULT_HOLD_SECONDS,
  type Neighbour,
  type Router,
  type RouterFamily,
  type RouterPlace,
  type RouterPlan,
  type SeenRoute,
} from './router.ts';

const FAMILY = { IPv4: 'ipv4', IPv6: 'ipv6' } as const;

/** FRRouting's bgpd. */
export class Frr implements Router {
  readonly kind = 'frr';
  readonly kernelProtocol = 'bgp';
  readonly #plan: RouterPlan;
  readonly #daemons: FrrDaemons;

  constructor(place: RouterPlace, plan: RouterPlan) {
    this.#plan = plan;
    const bgpd: FrrDaemon = {
      ...{ name: 'bgpd', configuration: bgpdConf(plan), arguments: [] },
      question: 'show bgp summary json',
    };
    const hasBfd = plan.neighbours.some(({ bfdMs }) => bfdMs !== undefined);
    this.#daemons = new FrrDaemons(place, bgpd, ...(hasBfd ? [bfddOf(place, plan)] : []));
  }

  start(): Promise<void> {
    return this.#daemons.start();
  }

  stop(): Promise<void> {
    return this.#daemons.stop();
  }

  kill(): Promise<void> {
    return this.#daemons.kill();
  }

  async setPassword(password: string): Promise<void> {
    const [{ address } = { address: '' }] = this.#plan.neighbours;
    const change = ['configure terminal', 'router bgp', `neighbor ${address} password ${password}`];
    await this.#daemons.vtysh(...change);
  }

  /** Asks every neighbour for all of its routes once more (RFC 2918). */
  async askAgain(): Promise<void> {
    await this.#daemons.vtysh('clear bgp ipv4 unicast * soft in');
  }

  /** ROUTE-REFRESH messages from a neighbour: begins and ends of what it tells once more (RFC 7313). */
  async refreshesFrom(neighbour: string): Promise<number> {
    return (await this.#neighbours())[neighbour]?.messageStats?.routeRefreshRecv ?? 0;
  }

  async isEstablished(neighbour: string): Promise<boolean> {
    return (await this.#neighbours())[neighbour]?.bgpState === 'Established';
  }

  /** How many sessions of BGP with the neighbour have been established so far. */
  async sessionsWith(neighbour: string): Promise<number> {
    return (await this.#neighbours())[neighbour]?.connectionsEstablished ?? 0;
  }

  /** The session with a neighbour is shut down with a word for the people at the other end, or is wanted again. */
  async shutDown(neighbour: string, message: string | undefined): Promise<void> {
    const command = `neighbor ${neighbour} shutdown`;
    const change = message === undefined ? `no ${command}` : `${command} message ${message}`;
    await this.#daemons.vtysh('configure terminal', 'router bgp', change);
  }

  /** All BFD sessions of these many milliseconds are shut down, as before a change. */
  async shutDownBfd(ms: number): Promise<void> {
    await this.#daemons.ask('bfdd', 'configure terminal', 'bfd', `profile ms${ms}`, 'shutdown');
  }

  /** BGP asks for no BFD with the neighbour any more. */
  async forgetBfd(neighbour: string): Promise<void> {
    const way = ['configure terminal', `router bgp ${this.#plan.asn}`];
    await this.#daemons.vtysh(...way, `no neighbor ${neighbour} bfd`);
  }

  /** How its BFD session with the neighbour is, and since when it has failed or been shut down how often. */
  async bfd(neighbour: string): Promise<FrrBfdSession | undefined> {
    const [peers, counters]: readonly (readonly FrrBfdSession[])[] = await Promise.all(
      ['show bfd peers json', 'show bfd peers counters json'].map(async (command) =>
        JSON.parse(await this.#daemons.ask('bfdd', command)),
      ),
    );
    const is = ({ peer }: FrrBfdSession) => peer === neighbour;
    const seen = peers?.find(is);
    return seen && { ...counters?.find(is), ...seen };
  }

  /** What it has heard of a neighbour's role (RFC 9234) and capability of long-lived graceful restart (RFC 9494). */
  async heardOf(neighbour: string): Promise<{ role?: string; longLived?: string }> {
    const { remoteRole, neighborCapabilities } = (await this.#neighbours())[neighbour] ?? {};
    const { longLivedGracefulRestart } = neighborCapabilities ?? {};
    return {
      ...(remoteRole === undefined ? {} : { role: remoteRole }),
      ...(longLivedGracefulRestart === undefined ? {} : { longLived: longLivedGracefulRestart }),
    };
  }

  async route(prefix: string): Promise<SeenRoute | undefined> {
    const { paths = [] } = await this.#seen(prefix);
    const [path] = paths;
    if (path === undefined) return undefined;
    return {
      nextHops: paths.flatMap(({ nexthops }) => nexthops.map(({ ip }) => ip)),
      asPath: words(path.aspath.string).map(Number).filter(Number.isFinite),
      localPref: path.locPrf,
      med: path.metric,
      communities: words(path.community?.string),
      large: words(path.largeCommunity?.string),
      extended: words(path.extendedCommunity?.string),
    };
  }

  /** All that it has of IPv4, its own too. */
  async table(): Promise<string[]> {
    const { routes = {} }: { routes?: object } = JSON.parse(
      await this.#daemons.vtysh('show bgp ipv4 unicast json'),
    );
    return Object.keys(routes).sort();
  }

  /** What each neighbour that tells of a prefix says beside it. */
  async communitiesOf(prefix: string): Promise<ReadonlyMap<string, readonly string[]>> {
    const { paths = [] } = await this.#seen(prefix);
    return new Map(paths.map(({ peer, community }) => [peer.peerId, words(community?.string)]));
  }

  async count(family: 'IPv4' | 'IPv6'): Promise<number> {
    const seen: FrrSummary = JSON.parse(
      await this.#daemons.vtysh(`show bgp ${FAMILY[family]} unicast summary json`),
    );
    return Object.values(seen.peers ?? {}).reduce((sum, { pfxRcd = 0 }) => sum + pfxRcd, 0);
  }

  async #seen(prefix: string): Promise<FrrRoute> {
    const family = prefix.includes(':') ? 'ipv6' : 'ipv4';
    return JSON.parse(await this.#daemons.vtysh(`show bgp ${family} unicast ${prefix} json`));
  }

  async #neighbours(): Promise<Readonly<Record<string, FrrNeighbour>>> {
    return JSON.parse(await this.#daemons.vtysh('show bgp neighbors json'));
  }

  log(): string {
    return this.#daemons
      .lastLines(200)
      .filter((line) => !/Hash|_change_status/.test(line))
      .slice(-30)
      .join('\n');
  }
}

export interface FrrBfdSession {
  readonly peer: string;
  readonly status: string;
  readonly 'session-down'?: number;
  /** What its neighbour has said last of why it is not Up. */
  readonly 'remote-diagnostic'?: string;
}

interface FrrNeighbour {
  readonly messageStats?: { readonly routeRefreshRecv?: number };
  readonly bgpState: string;
  readonly remoteRole?: string;
  readonly neighborCapabilities?: { readonly longLivedGracefulRestart?: string };
  readonly connectionsEstablished?: number;
}

interface FrrSummary {
  readonly peers?: Readonly<Record<string, { readonly pfxRcd?: number }>>;
}

interface FrrRoute {
  readonly paths?: readonly {
    readonly peer: { readonly peerId: string };
    readonly aspath: { readonly string: string };
    readonly locPrf?: number;
    readonly metric?: number;
    readonly community?: { readonly string: string };
    readonly largeCommunity?: { readonly string: string };
    readonly extendedCommunity?: { readonly string: string };
    readonly nexthops: readonly { readonly ip: string }[];
  }[];
}

function words(text = ''): string[] {
  return text.split(' ').filter((word) => word !== '');
}

/** Profiles by how quick they are. */
function bfddOf({ directory }: RouterPlace, { neighbours }: RouterPlan): FrrDaemon {
  const all = new Set(neighbours.flatMap(({ bfdMs }) => bfdMs ?? []));
  const profiles = [...all].flatMap((ms) => [
    ...[` profile ms${ms}`, `  detect-multiplier ${BFD_MULTIPLIER}`],
    ...[`  receive-interval ${ms}`, `  transmit-interval ${ms}`, ' !'],
  ]);
  return {
    ...{ name: 'bfdd', question: 'show bfd peers' },
    configuration: ['hostname router', 'bfd', ...profiles, ''].join('\n'),
    arguments: ['--bfdctl', join(directory, 'bfdd.sock')],
  };
}

function bgpdConf({ asn, id, neighbours, announced = [], longLivedSeconds }: RouterPlan): string {
  const least = Math.max(0, ...neighbours.map((one) => one.minimumHoldSeconds ?? 0));
  return [
    ...['hostname router', 'debug bgp neighbor-events', `router bgp ${asn}`],
    ...[` bgp router-id ${id}`, ' no bgp ebgp-requires-policy', ' no bgp network import-check'],
    // Several speakers of different AS numbers are still several ways to one place.
    ...[' bgp bestpath as-path multipath-relax', ' timers bgp 3 9'],
    // Of all neighbours alike.
    ...(longLivedSeconds === undefined
      ? []
      : [` bgp long-lived-graceful-restart stale-time ${longLivedSeconds}`]),
    ...(least === 0 ? [] : [` bgp minimum-holdtime ${least}`]),
    ...neighbours.flatMap((each) => neighbourLines(each, asn)),
    ...[' address-family ipv4 unicast', '  maximum-paths 8', '  maximum-paths ibgp 8'],
    ...announced.map((prefix) => `  network ${prefix}`),
    ...neighbours.map((each) => activation(each, 'IPv4')),
    ...[' exit-address-family', ' address-family ipv6 unicast'],
    ...['  maximum-paths 8', '  maximum-paths ibgp 8'],
    ...neighbours.map((each) => activation(each, 'IPv6')),
    ...[' exit-address-family', ''],
  ].join('\n');
}

/** IPv4 is FRR's own choice where nothing is said. */
function activation({ address, families = BOTH_FAMILIES }: Neighbour, family: RouterFamily) {
  return `  ${families.includes(family) ? '' : 'no '}neighbor ${address} activate`;
}

function neighbourLines(neighbour: Neighbour, asn: number): string[] {
  const { address, port, password, gtsm, passive, ipv4OverIpv6 } = neighbour;
  const hold = neighbour.holdSeconds ?? DEFAULT_HOLD_SECONDS;
  const name = ` neighbor ${address}`;
  return [
    `${name}${neighbour.unnumbered ? ' interface' : ''} remote-as ${neighbour.asn}`,
    `${name} timers ${Math.floor(hold / 3)} ${hold}`,
    `${name} timers connect 2`,
    ...(port === undefined ? [] : [`${name} port ${port}`]),
    ...(neighbour.interface === undefined ? [] : [`${name} interface ${neighbour.interface}`]),
    ...bfdLines(name, neighbour),
    ...(password === undefined ? [] : [`${name} password ${password}`]),
    ...(gtsm ? [`${name} ttl-security hops 1`] : []),
    ...(passive ? [`${name} passive`] : []),
    ...(neighbour.role === undefined ? [] : [`${name} local-role ${neighbour.role}`]),
    ...(neighbour.isStrict ? [`${name} strict-capability-match`] : []),
    ...(ipv4OverIpv6 ? [`${name} capability extended-nexthop`] : []),
    ...farLines(name, neighbour),
    ...(neighbour.asn === asn || gtsm || neighbour.unnumbered || neighbour.farFrom
      ? []
      : [`${name} disable-connected-check`]),
  ];
}

function farLines(name: string, { farFrom }: Neighbour): string[] {
  return farFrom === undefined
    ? []
    : [`${name} ebgp-multihop 2`, `${name} update-source ${farFrom}`];
}

function bfdLines(name: string, { bfdMs, checkControlPlane }: Neighbour): string[] {
  if (bfdMs === undefined) return [];
  const all = ['bfd', `bfd profile ms${bfdMs}`];
  if (checkControlPlane) all.push('bfd check-control-plane-failure');
  return all.map((one) => `${name} ${one}`);
}
