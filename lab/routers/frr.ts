import { chown, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run, tryRun, until } from '../exec.ts';
import { Program } from '../program.ts';
import {
  DEFAULT_HOLD_SECONDS,
  type Neighbour,
  type Router,
  type RouterPlace,
  type RouterPlan,
  type SeenRoute,
} from './router.ts';

const DAEMONS = '/usr/lib/frr';
const FAMILY = { IPv4: 'ipv4', IPv6: 'ipv6' } as const;

/** FRRouting: bgpd, and zebra that fills the kernel's table. They insist on running as their own user. */
export class Frr implements Router {
  readonly kind = 'frr';
  readonly kernelProtocol = 'bgp';
  readonly #place: RouterPlace;
  readonly #plan: RouterPlan;
  readonly #zebra: Program;
  readonly #bgpd: Program;

  constructor(place: RouterPlace, plan: RouterPlan) {
    this.#place = place;
    this.#plan = plan;
    this.#zebra = this.#daemon('zebra', ['--log-level', 'errors']);
    this.#bgpd = this.#daemon('bgpd', []);
  }

  async start(): Promise<void> {
    const { directory } = this.#place;
    await mkdir(directory, { recursive: true });
    const [user = 0, group = 0] = await Promise.all(
      ['-u', '-g'].map(async (which) => Number(await run(['id', which, 'frr']))),
    );
    await chown(directory, user, group);
    await rm(join(directory, 'zserv.api'), { force: true });
    await writeFile(join(directory, 'zebra.conf'), 'hostname router\n');
    await writeFile(join(directory, 'bgpd.conf'), bgpdConf(this.#plan));
    this.#zebra.start();
    await this.#answers('zebra', 'show version');
    this.#bgpd.start();
    await this.#answers('bgpd', 'show bgp summary json');
  }

  async stop(): Promise<void> {
    await this.#bgpd.stop();
    await this.#zebra.stop();
  }

  async kill(): Promise<void> {
    await this.#bgpd.killTree();
    await this.#zebra.killTree();
  }

  async setPassword(password: string): Promise<void> {
    const [{ address } = { address: '' }] = this.#plan.neighbours;
    const change = ['configure terminal', 'router bgp', `neighbor ${address} password ${password}`];
    await this.#vtysh(...change);
  }

  async isEstablished(neighbour: string): Promise<boolean> {
    const all = await this.#json('show bgp neighbors json');
    return all[neighbour]?.['bgpState'] === 'Established';
  }

  async route(prefix: string): Promise<SeenRoute | undefined> {
    const family = prefix.includes(':') ? 'ipv6' : 'ipv4';
    const seen: FrrRoute = await this.#json(`show bgp ${family} unicast ${prefix} json`);
    const [path] = seen.paths ?? [];
    if (path === undefined) return undefined;
    return {
      nextHops: (seen.paths ?? []).flatMap(({ nexthops }) => nexthops.map(({ ip }) => ip)),
      asPath: words(path.aspath.string).map(Number).filter(Number.isFinite),
      localPref: path.locPrf,
      med: path.metric,
      communities: words(path.community?.string),
      large: words(path.largeCommunity?.string),
      extended: words(path.extendedCommunity?.string),
    };
  }

  async count(family: 'IPv4' | 'IPv6'): Promise<number> {
    const seen: { readonly peers?: Record<string, { readonly pfxRcd?: number }> } =
      await this.#json(`show bgp ${FAMILY[family]} unicast summary json`);
    return Object.values(seen.peers ?? {}).reduce((sum, { pfxRcd = 0 }) => sum + pfxRcd, 0);
  }

  log(): string {
    const lines = this.#bgpd.lastLogLines(200);
    return lines
      .filter((line) => !/Hash|_change_status/.test(line))
      .slice(-30)
      .join('\n');
  }

  #daemon(name: string, more: readonly string[]): Program {
    const { directory, namespace } = this.#place;
    return new Program({
      name,
      namespace,
      logFile: join(directory, '..', `${name}.log`),
      command: [
        ...[join(DAEMONS, name), '--vty_socket', directory, '-z', join(directory, 'zserv.api')],
        ...['-i', join(directory, `${name}.pid`), '-f', join(directory, `${name}.conf`)],
        ...['-P', '0', '--log', 'stdout', ...more],
      ],
    });
  }

  async #answers(daemon: string, command: string): Promise<void> {
    await until({ what: `${daemon} to answer`, deadlineMs: 5_000, everyMs: 50 }, async () => {
      const asked = await tryRun(['vtysh', ...this.#socket, '-d', daemon, '-c', command]);
      return asked.code === 0;
    });
  }

  get #socket(): readonly string[] {
    return ['--vty_socket', this.#place.directory];
  }

  #vtysh(...commands: readonly string[]): Promise<string> {
    return run(['vtysh', ...this.#socket, '-d', 'bgpd', ...commands.flatMap((one) => ['-c', one])]);
  }

  // biome-ignore lint/suspicious/noExplicitAny: what FRR prints has a shape of its own for each command
  async #json(command: string): Promise<any> {
    return JSON.parse(await this.#vtysh(command));
  }
}

interface FrrRoute {
  readonly paths?: readonly {
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

function bgpdConf({ asn, id, neighbours, announced = [] }: RouterPlan): string {
  return [
    ...['hostname router', 'debug bgp neighbor-events', `router bgp ${asn}`],
    ...[` bgp router-id ${id}`, ' no bgp ebgp-requires-policy', ' no bgp network import-check'],
    // Several speakers of different AS numbers are still several ways to one place.
    ...[' bgp bestpath as-path multipath-relax', ' timers bgp 3 9'],
    ...neighbours.flatMap((each) => neighbourLines(each, asn)),
    ...[' address-family ipv4 unicast', '  maximum-paths 8', '  maximum-paths ibgp 8'],
    ...announced.map((prefix) => `  network ${prefix}`),
    ...neighbours.map(({ address }) => `  neighbor ${address} activate`),
    ...[' exit-address-family', ' address-family ipv6 unicast'],
    ...['  maximum-paths 8', '  maximum-paths ibgp 8'],
    ...neighbours.map(({ address }) => `  neighbor ${address} activate`),
    ...[' exit-address-family', ''],
  ].join('\n');
}

function neighbourLines(neighbour: Neighbour, asn: number): string[] {
  const { address, password, gtsm, passive, ipv4OverIpv6 } = neighbour;
  const hold = neighbour.holdSeconds ?? DEFAULT_HOLD_SECONDS;
  const name = ` neighbor ${address}`;
  return [
    `${name} remote-as ${neighbour.asn}`,
    `${name} timers ${Math.floor(hold / 3)} ${hold}`,
    `${name} timers connect 2`,
    ...(neighbour.interface === undefined ? [] : [`${name} interface ${neighbour.interface}`]),
    ...(password === undefined ? [] : [`${name} password ${password}`]),
    ...(gtsm ? [`${name} ttl-security hops 1`] : []),
    ...(passive ? [`${name} passive`] : []),
    ...(ipv4OverIpv6 ? [`${name} capability extended-nexthop`] : []),
    ...(neighbour.asn === asn ? [] : [`${name} disable-connected-check`].filter(() => !gtsm)),
  ];
}
