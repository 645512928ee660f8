import { join } from 'node:path';
import { run, tryRun } from '../exec.ts';
import { Daemon } from './daemon.ts';
import {
  BOTH_FAMILIES,
  DEFAULT_HOLD_SECONDS,
  type Neighbour,
  type Router,
  type RouterPlace,
  type RouterPlan,
  type SeenRoute,
  withPassword,
} from './router.ts';

const FILE = 'gobgpd.toml';
const API = '127.0.0.1:50051';
const ESTABLISHED = 6;

/** Subtypes of extended communities. */
const ROUTE_TARGET = 2;
const LINK_BANDWIDTH = 4;

/** GoBGP 3. It knows routes, and leaves the kernel's table alone. */
export class Gobgp implements Router {
  readonly kind = 'gobgp';
  readonly kernelProtocol = undefined;
  readonly #place: RouterPlace;
  readonly #daemon: Daemon;
  #plan: RouterPlan;

  constructor(place: RouterPlace, plan: RouterPlan) {
    this.#place = place;
    this.#plan = plan;
    const file = join(place.directory, FILE);
    this.#daemon = new Daemon(place, {
      ...{ name: 'gobgpd', file: FILE },
      command: ['gobgpd', '-f', file, '--api-hosts', API, '--pprof-disable'],
      isReady: async () => {
        const { code, stdout } = await tryRun(this.#command('neighbor'));
        return code === 0 && JSON.parse(stdout).length === this.#plan.neighbours.length;
      },
    });
  }

  async start(): Promise<void> {
    await this.#daemon.start(gobgpConf(this.#plan));
    for (const prefix of this.#plan.announced ?? [])
      await run(this.#command('global', 'rib', 'add', prefix));
  }

  stop(): Promise<void> {
    return this.#daemon.stop();
  }

  kill(): Promise<void> {
    return this.#daemon.kill();
  }

  /** It takes a change of its file only at its start. */
  async setPassword(password: string): Promise<void> {
    this.#plan = withPassword(this.#plan, password);
    await this.kill();
    await this.start();
  }

  async isEstablished(neighbour: string): Promise<boolean> {
    const seen: GobgpNeighbour = JSON.parse(await run(this.#command('neighbor', neighbour)));
    return seen.state.session_state === ESTABLISHED;
  }

  async route(prefix: string): Promise<SeenRoute | undefined> {
    const family = prefix.includes(':') ? 'ipv6' : 'ipv4';
    const command = this.#command('global', 'rib', prefix, '-a', family);
    const table: GobgpTable = JSON.parse(await run(command));
    const paths = table[prefix] ?? [];
    const [path] = paths;
    if (path === undefined) return undefined;
    const attribute = (type: number) => path.attrs.find((each) => each.type === type);
    const list = (type: number) => {
      const value = attribute(type)?.value;
      return typeof value === 'object' ? value : [];
    };
    const localPref = attribute(5)?.value;
    return {
      nextHops: paths.flatMap(({ attrs }) => attrs.flatMap(({ nexthop }) => nexthop ?? [])).sort(),
      asPath: (attribute(2)?.as_paths ?? []).flatMap(({ asns }) => asns),
      localPref: typeof localPref === 'number' ? localPref : undefined,
      med: attribute(4)?.metric,
      communities: (attribute(8)?.communities ?? []).map(
        (value) => `${value >>> 16}:${value & 0xffff}`,
      ),
      large: list(32).map((one) => `${one.ASN}:${one.LocalData1}:${one.LocalData2}`),
      extended: list(16).map(extendedText),
    };
  }

  async count(family: 'IPv4' | 'IPv6'): Promise<number> {
    const command = this.#command('global', 'rib', 'summary', '-a', family.toLowerCase());
    const seen: GobgpSummary = JSON.parse(await run(command));
    return seen.num_path ?? 0;
  }

  log(): string {
    return this.#daemon.lastLines(60).join('\n');
  }

  #command(...words: readonly string[]): string[] {
    const inside = ['ip', 'netns', 'exec', this.#place.namespace];
    return [...inside, 'gobgp', '-j', ...words];
  }
}

interface GobgpNeighbour {
  readonly state: { readonly session_state?: number };
}

interface GobgpSummary {
  readonly num_path?: number;
}

/** By prefix; empty where it has none. */
type GobgpTable = Readonly<
  Record<string, readonly { readonly attrs: readonly GobgpAttribute[] }[]>
>;

interface GobgpAttribute {
  readonly type: number;
  readonly nexthop?: string;
  readonly metric?: number;
  readonly as_paths?: readonly { readonly asns: readonly number[] }[];
  readonly communities?: readonly number[];
  /** Of LOCAL_PREF a number; of large and extended communities a list. */
  readonly value?: number | readonly GobgpCommunity[];
}

function extendedText({ subtype, value, asn, bandwidth }: GobgpCommunity): string {
  if (subtype === LINK_BANDWIDTH) return `LB:${asn}:${bandwidth}`;
  return `${subtype === ROUTE_TARGET ? 'RT' : subtype}:${value}`;
}

interface GobgpCommunity {
  readonly asn?: number;
  readonly bandwidth?: number;
  readonly ASN?: number;
  readonly LocalData1?: number;
  readonly LocalData2?: number;
  readonly subtype?: number;
  readonly value?: string;
}

function gobgpConf({ asn, id, neighbours }: RouterPlan): string {
  return [`[global.config]\nas = ${asn}\nrouter-id = "${id}"`, ...neighbours.map(section), ''].join(
    '\n',
  );
}

/** At an interface it is whoever the kernel knows there when GoBGP starts. */
function whom({ address, unnumbered, interface: name }: Neighbour): string {
  if (unnumbered) return `neighbor-interface = "${address}"`;
  return `neighbor-address = "${address}${name === undefined ? '' : `%${name}`}"`;
}

function section(neighbour: Neighbour): string {
  const { port, password, gtsm, passive, families = BOTH_FAMILIES } = neighbour;
  const hold = neighbour.holdSeconds ?? DEFAULT_HOLD_SECONDS;
  return `[[neighbors]]
[neighbors.config]
${whom(neighbour)}
peer-as = ${neighbour.asn}
${password === undefined ? '' : `auth-password = "${password}"`}
[neighbors.transport.config]
passive-mode = ${passive ?? false}
${port === undefined ? '' : `remote-port = ${port}`}
[neighbors.ttl-security.config]
enabled = ${gtsm ?? false}
ttl-min = 255
[neighbors.timers.config]
hold-time = ${hold}
keepalive-interval = ${Math.floor(hold / 3)}
connect-retry = 2
idle-hold-time-after-reset = 1
${families.map((family) => `[[neighbors.afi-safis]]\n[neighbors.afi-safis.config]\nafi-safi-name = "${family.toLowerCase()}-unicast"`).join('\n')}
`;
}
