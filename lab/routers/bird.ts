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

/** BIRD 2, which fills the kernel's table itself. */
export class Bird implements Router {
  readonly kind = 'bird';
  readonly kernelProtocol = 'bird';
  readonly #place: RouterPlace;
  readonly #program: Program;
  #plan: RouterPlan;

  constructor(place: RouterPlace, plan: RouterPlan) {
    this.#place = place;
    this.#plan = plan;
    const { directory, namespace } = place;
    this.#program = new Program({
      name: 'bird',
      namespace,
      logFile: join(directory, '..', 'bird.log'),
      command: [
        ...['bird', '-f', '-c', join(directory, 'bird.conf'), '-s', join(directory, 'bird.ctl')],
        ...['-P', join(directory, 'bird.pid')],
      ],
    });
  }

  async start(): Promise<void> {
    await mkdir(this.#place.directory, { recursive: true });
    await this.#writeConf();
    this.#program.start();
    await until({ what: 'bird to answer', deadlineMs: 10_000, everyMs: 50 }, async () => {
      const asked = await tryRun(this.#command('show status'));
      return asked.code === 0 && asked.stdout.includes('Daemon is up and running');
    });
  }

  stop(): Promise<void> {
    return this.#program.stop();
  }

  kill(): Promise<void> {
    return this.#program.killTree();
  }

  async setPassword(password: string): Promise<void> {
    const [first, ...others] = this.#plan.neighbours;
    if (first === undefined) return;
    this.#plan = { ...this.#plan, neighbours: [{ ...first, password }, ...others] };
    await this.#writeConf();
    await run(this.#command('configure'));
  }

  async isEstablished(neighbour: string): Promise<boolean> {
    const index = this.#plan.neighbours.findIndex(({ address }) => address === neighbour);
    return (await run(this.#command(`show protocols n${index}`))).includes('Established');
  }

  async route(prefix: string): Promise<SeenRoute | undefined> {
    // A table without the prefix is a failure to birdc.
    const shown = await run(this.#command(`show route ${prefix} all`)).catch(() => '');
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
    const shown = await run(
      this.#command(`show route table ${table} where source = RTS_BGP count`),
    );
    return Number(/^(\d+) of/m.exec(shown)?.[1] ?? 0);
  }

  log(): string {
    return this.#program.lastLogLines(60).join('\n');
  }

  #command(text: string): string[] {
    return ['birdc', '-s', join(this.#place.directory, 'bird.ctl'), ...text.split(' ')];
  }

  #writeConf(): Promise<void> {
    return writeFile(join(this.#place.directory, 'bird.conf'), birdConf(this.#plan));
  }
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
${neighbours.map((one, index) => `protocol bgp n${index} { ${bgp(one, asn)} ipv4 { ${learnt} ${one.ipv4OverIpv6 ? 'extended next hop on;' : ''} }; ipv6 { ${learnt} }; }`).join('\n')}
`;
}

function bgp(neighbour: Neighbour, asn: number): string {
  const { address, password, gtsm, passive } = neighbour;
  const scope = neighbour.interface === undefined ? '' : ` % '${neighbour.interface}'`;
  return [
    `local as ${asn};`,
    `neighbor ${address}${scope} as ${neighbour.asn};`,
    `hold time ${neighbour.holdSeconds ?? DEFAULT_HOLD_SECONDS};`,
    'connect delay time 1; connect retry time 2; error wait time 1, 2;',
    password === undefined ? '' : `password "${password}";`,
    gtsm ? 'ttl security on;' : '',
    passive ? 'passive on;' : '',
  ].join(' ');
}
