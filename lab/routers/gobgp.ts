import { mkdir, writeFile } from 'node:fs/promises';
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

const API = '127.0.0.1:50051';
const ESTABLISHED = 6;

/** GoBGP 3. It knows routes, and leaves the kernel's table alone. */
export class Gobgp implements Router {
  readonly kind = 'gobgp';
  readonly kernelProtocol = undefined;
  readonly #place: RouterPlace;
  readonly #program: Program;
  #plan: RouterPlan;

  constructor(place: RouterPlace, plan: RouterPlan) {
    this.#place = place;
    this.#plan = plan;
    const { directory, namespace } = place;
    this.#program = new Program({
      name: 'gobgpd',
      namespace,
      logFile: join(directory, '..', 'gobgpd.log'),
      command: [
        ...['gobgpd', '-f', join(directory, 'gobgpd.toml')],
        ...['--api-hosts', API, '--pprof-disable'],
      ],
    });
  }

  async start(): Promise<void> {
    const { directory } = this.#place;
    await mkdir(directory, { recursive: true });
    await this.#writeConf();
    this.#program.start();
    await until({ what: 'gobgpd to answer', deadlineMs: 5_000, everyMs: 50 }, async () => {
      const asked = await tryRun(this.#command('neighbor'));
      return asked.code === 0 && JSON.parse(asked.stdout).length === this.#plan.neighbours.length;
    });
    for (const prefix of this.#plan.announced ?? [])
      await run(this.#command('global', 'rib', 'add', prefix));
  }

  stop(): Promise<void> {
    return this.#program.stop();
  }

  kill(): Promise<void> {
    return this.#program.killTree();
  }

  /** It takes a change of its file only at its start. */
  async setPassword(password: string): Promise<void> {
    const [first, ...others] = this.#plan.neighbours;
    if (first === undefined) return;
    this.#plan = { ...this.#plan, neighbours: [{ ...first, password }, ...others] };
    await this.kill();
    await this.start();
  }

  async isEstablished(neighbour: string): Promise<boolean> {
    const { code, stdout } = await tryRun(this.#command('neighbor', neighbour));
    return code === 0 && JSON.parse(stdout).state.session_state === ESTABLISHED;
  }

  async route(prefix: string): Promise<SeenRoute | undefined> {
    const family = prefix.includes(':') ? 'ipv6' : 'ipv4';
    const { code, stdout } = await tryRun(this.#command('global', 'rib', prefix, '-a', family));
    if (code !== 0 || !stdout.startsWith('{')) return undefined;
    const table: Record<string, readonly { readonly attrs: readonly GobgpAttribute[] }[]> =
      JSON.parse(stdout);
    const paths = table[prefix] ?? [];
    const [path] = paths;
    if (path === undefined) return undefined;
    const attribute = (type: number) => path.attrs.find((each) => each.type === type);
    const values = (type: number) => {
      const value = attribute(type)?.value;
      return Array.isArray(value) ? value : [];
    };
    return {
      nextHops: paths.flatMap(({ attrs }) => attrs.flatMap(({ nexthop }) => nexthop ?? [])).sort(),
      asPath: (attribute(2)?.as_paths ?? []).flatMap(({ asns }) => asns),
      localPref: attribute(5)?.value as number | undefined,
      med: attribute(4)?.metric,
      communities: (attribute(8)?.communities ?? []).map(
        (value) => `${value >>> 16}:${value & 0xffff}`,
      ),
      large: values(32).map((one) => `${one.ASN}:${one.LocalData1}:${one.LocalData2}`),
      extended: values(16).map((one) => `${one.subtype === 2 ? 'RT' : one.subtype}:${one.value}`),
    };
  }

  async count(family: 'IPv4' | 'IPv6'): Promise<number> {
    const command = this.#command('global', 'rib', 'summary', '-a', family.toLowerCase());
    const seen = JSON.parse(await run(command));
    return Number(seen.num_path ?? seen.Path ?? 0);
  }

  log(): string {
    return this.#program.lastLogLines(60).join('\n');
  }

  #command(...words: readonly string[]): string[] {
    const inside = ['ip', 'netns', 'exec', this.#place.namespace];
    return [...inside, 'gobgp', '-j', ...words];
  }

  #writeConf(): Promise<void> {
    return writeFile(join(this.#place.directory, 'gobgpd.toml'), gobgpConf(this.#plan));
  }
}

interface GobgpAttribute {
  readonly type: number;
  readonly nexthop?: string;
  readonly metric?: number;
  readonly as_paths?: readonly { readonly asns: readonly number[] }[];
  readonly communities?: readonly number[];
  // biome-ignore lint/suspicious/noExplicitAny: each attribute has values of its own kind
  readonly value?: any;
}

function gobgpConf({ asn, id, neighbours }: RouterPlan): string {
  return [`[global.config]\nas = ${asn}\nrouter-id = "${id}"`, ...neighbours.map(section), ''].join(
    '\n',
  );
}

function section(neighbour: Neighbour): string {
  const { address, password, gtsm, passive } = neighbour;
  const scope = neighbour.interface === undefined ? '' : `%${neighbour.interface}`;
  const hold = neighbour.holdSeconds ?? DEFAULT_HOLD_SECONDS;
  return `[[neighbors]]
[neighbors.config]
neighbor-address = "${address}${scope}"
peer-as = ${neighbour.asn}
${password === undefined ? '' : `auth-password = "${password}"`}
[neighbors.transport.config]
passive-mode = ${passive ?? false}
[neighbors.ttl-security.config]
enabled = ${gtsm ?? false}
ttl-min = 255
[neighbors.timers.config]
hold-time = ${hold}
keepalive-interval = ${Math.floor(hold / 3)}
connect-retry = 2
idle-hold-time-after-reset = 1
[[neighbors.afi-safis]]
[neighbors.afi-safis.config]
afi-safi-name = "ipv4-unicast"
[[neighbors.afi-safis]]
[neighbors.afi-safis.config]
afi-safi-name = "ipv6-unicast"
`;
}
