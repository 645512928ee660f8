import { BFD_MULTIPLIER } from './bfd-daemon.ts';
import { birdc, birdDaemon } from './bird-daemon.ts';
import type { Daemon } from './daemon.ts';
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

/** BIRD 2, which fills the kernel's table itself. */
export class Bird implements Router {
  readonly kind = 'bird';
  readonly kernelProtocol = 'bird';
  readonly #place: RouterPlace;
  readonly #daemon: Daemon;
  #plan: RouterPlan;

  constructor(place: RouterPlace, plan: RouterPlan) {
    this.#place = place;
    this.#plan = plan;
    this.#daemon = birdDaemon(place);
  }

  start(): Promise<void> {
    return this.#daemon.start(birdConf(this.#plan));
  }

  stop(): Promise<void> {
    return this.#daemon.stop();
  }

  kill(): Promise<void> {
    return this.#daemon.kill();
  }

  async setPassword(password: string): Promise<void> {
    this.#plan = withPassword(this.#plan, password);
    await this.#daemon.configure(birdConf(this.#plan));
    await this.#ask('configure');
  }

  /** Of all its neighbours: it has one for each interface. */
  async setBfdKey(bfdKey: string): Promise<void> {
    const neighbours = this.#plan.neighbours.map((one) => ({ ...one, bfdKey }));
    this.#plan = { ...this.#plan, neighbours };
    await this.#daemon.configure(birdConf(this.#plan));
    await this.#ask('configure');
  }

  /** As it calls it itself, in lower case. */
  async bfd(neighbour: string): Promise<string> {
    const shown = await this.#ask('show bfd sessions');
    const line = shown.split('\n').find((each) => each.startsWith(`${neighbour} `));
    return line?.split(/\s+/)[2]?.toLowerCase() ?? 'unknown';
  }

  async isEstablished(neighbour: string): Promise<boolean> {
    const index = this.#plan.neighbours.findIndex(({ address }) => address === neighbour);
    return (await this.#ask(`show protocols n${index}`)).includes('Established');
  }

  async route(prefix: string): Promise<SeenRoute | undefined> {
    const shown = await this.#ask(`show route ${prefix} all`).catch(absent);
    if (!shown.includes('BGP.origin')) return undefined;
    const value = (name: string) => new RegExp(`BGP\\.${name}: (.*)`).exec(shown)?.[1]?.trim();
    const number = (name: string) => {
      const text = value(name);
      return text === undefined ? undefined : Number(text);
    };
    const list = (name: string) =>
      [...(value(name) ?? '').matchAll(/\(([^)]*)\)/g)].map(([, inner = '']) =>
        inner.replaceAll(/, ?/g, ':'),
      );
    return {
      nextHops: [...shown.matchAll(/^\tvia (\S+) on/gm)].map(([, hop = '']) => hop).sort(),
      asPath: (value('as_path') ?? '').split(' ').filter(Boolean).map(Number),
      localPref: number('local_pref'),
      med: number('med'),
      communities: list('community'),
      large: list('large_community'),
      extended: list('ext_community').map((text) => text.toUpperCase()),
    };
  }

  async count(family: 'IPv4' | 'IPv6'): Promise<number> {
    const table = family === 'IPv4' ? 'master4' : 'master6';
    const shown = await this.#ask(`show route table ${table} where source = RTS_BGP count`);
    return Number(/^(\d+) of/m.exec(shown)?.[1] ?? 0);
  }

  log(): string {
    return this.#daemon.lastLines(60).join('\n');
  }

  #ask(text: string): Promise<string> {
    return birdc(this.#place, text);
  }
}

/** A table without the prefix is a failure to birdc. */
function absent(error: unknown): string {
  if (!String(error).includes('Network not found')) throw error;
  return '';
}

function birdConf({ asn, id, neighbours, announced = [] }: RouterPlan): string {
  const routes = announced.map((prefix) => ` route ${prefix} blackhole;`).join('\n');
  const learnt = 'import all; export where source = RTS_STATIC;';
  return `
log stderr all;
router id ${id};
protocol device {}
# Next hops of internal peers are looked up in the table.
protocol direct { ipv4; ipv6; }
protocol kernel { merge paths on; ipv4 { export where source = RTS_BGP; }; }
protocol kernel { merge paths on; ipv6 { export where source = RTS_BGP; }; }
protocol static { ipv4;
${routes}
}
${bfd(neighbours)}
${neighbours.map(advertisement).join('\n')}
${neighbours.map((one, index) => `protocol bgp n${index} { ${bgp(one, asn)} ${channels(one, learnt)} }`).join('\n')}
`;
}

/** BIRD advertises itself nowhere by itself. */
function advertisement({ address, unnumbered }: Neighbour): string {
  return unnumbered ? `protocol radv { interface "${address}" {}; }` : '';
}

/** Whoever comes from a link-local address of the interface; an address, or one with its interface. */
function whom({ address, unnumbered, interface: name, port, asn }: Neighbour): string {
  if (unnumbered) return `neighbor range fe80::/10 as ${asn}; interface "${address}";`;
  const scope = name === undefined ? '' : ` % '${name}'`;
  return `neighbor ${address}${scope} ${port === undefined ? '' : `port ${port}`} as ${asn};`;
}

function channels({ families = BOTH_FAMILIES, ipv4OverIpv6 }: Neighbour, learnt: string): string {
  const extended = ipv4OverIpv6 ? 'extended next hop on;' : '';
  const ipv4 = families.includes('IPv4') ? `ipv4 { ${learnt} ${extended} };` : '';
  return families.includes('IPv6') ? `${ipv4} ipv6 { ${learnt} };` : ipv4;
}

/** All are on one interface. */
function bfd(neighbours: readonly Neighbour[]): string {
  const { bfdMs, bfdKey } = neighbours[0] ?? {};
  if (bfdMs === undefined) return '';
  const pace = `min rx interval ${bfdMs} ms; min tx interval ${bfdMs} ms;`;
  const signed =
    bfdKey === undefined ? '' : `authentication keyed sha1; password "${bfdKey}" { id 1; };`;
  return `protocol bfd { interface "*" { ${pace} multiplier ${BFD_MULTIPLIER}; ${signed} }; }`;
}

function bgp(neighbour: Neighbour, asn: number): string {
  const { password, gtsm, passive, minimumHoldSeconds, bfdMs } = neighbour;
  return [
    `local as ${asn};`,
    whom(neighbour),
    `hold time ${neighbour.holdSeconds ?? DEFAULT_HOLD_SECONDS};`,
    minimumHoldSeconds === undefined ? '' : `min hold time ${minimumHoldSeconds};`,
    'connect delay time 1; connect retry time 2; error wait time 1, 2;',
    password === undefined ? '' : `password "${password}";`,
    gtsm ? 'ttl security on;' : '',
    passive ? 'passive on;' : '',
    bfdMs === undefined ? '' : 'bfd on;',
  ].join(' ');
}
