import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type BgpNode, startBgpNode } from '../../lab/bgp-node.ts';
import { run, tryRun, until } from '../../lab/exec.ts';
import { birdc, birdDaemon } from '../../lab/routers/bird-daemon.ts';
import { Daemon } from '../../lab/routers/daemon.ts';
import { bitsOf, type IpAddress, type IpFamily } from '../../modules/metallb/src/net/ip.ts';
import { FEED, ROUTER, SPEAKER } from './place.ts';

/** What a speaker is to announce, and where it runs. */
export interface Task {
  readonly family: IpFamily;
  readonly ips: readonly IpAddress[];
  /** The one more. */
  readonly another: IpAddress;
  readonly namespace: string;
  readonly directory: string;
  /** Where the lab's own programs are. */
  readonly agents: string;
}

/** A program that speaks BGP. */
export interface Speaker {
  /** It knows all routes before it opens the session. */
  start(): Promise<void>;
  announceAnother(): Promise<void>;
  pids(): readonly number[];
  stop(): Promise<void>;
}

/** In the order of the first round. */
export const SPEAKERS: Readonly<Record<string, (task: Task) => Speaker>> = {
  mlb: (task) => new Own(task),
  gobgp: (task) => new Gobgp(task),
  exabgp: (task) => new Exabgp(task),
  bird: (task) => new Bird(task),
};

const prefix = (ip: IpAddress, { family }: Task) => `${ip}/${bitsOf(family)}`;

/** The sessions and the route table of this module's speaker, in a program of their own. */
class Own implements Speaker {
  readonly #task: Task;
  #node: BgpNode | undefined;

  constructor(task: Task) {
    this.#task = task;
  }

  async start(): Promise<void> {
    const { family, ips, namespace, agents } = this.#task;
    this.#node = await startBgpNode({ namespace, directory: agents, isPunctual: true });
    await this.#announce(ips[0], ips.length);
    const spec = { myASN: SPEAKER.asn, peerASN: ROUTER.asn, peerAddress: ROUTER[family] };
    await this.#node.ask({ do: 'peers', peers: [{ name: 'frr', spec }] });
  }

  announceAnother(): Promise<void> {
    return this.#announce(this.#task.another, 1);
  }

  pids(): readonly number[] {
    return this.#node === undefined ? [] : [this.#node.pid];
  }

  stop(): Promise<void> {
    this.#node?.stop();
    return Promise.resolve();
  }

  async #announce(first: IpAddress | undefined, count: number): Promise<void> {
    if (first !== undefined) await this.#node?.ask({ do: 'announce', first, count });
  }
}

/** Its own command takes one route at a time: it learns them from another speaker, and then gets its router. */
class Gobgp implements Speaker {
  readonly #task: Task;
  readonly #daemon: Daemon;
  #feeder: BgpNode | undefined;

  constructor(task: Task) {
    this.#task = task;
    const file = join(task.directory, 'gobgpd.toml');
    this.#daemon = new Daemon(task, {
      ...{ name: 'gobgpd', file: 'gobgpd.toml' },
      command: ['gobgpd', '-f', file, '--api-hosts', '127.0.0.1:50051', '--pprof-disable'],
      isReady: async () => (await tryRun(this.#command('global'))).code === 0,
    });
  }

  async start(): Promise<void> {
    const { family } = this.#task;
    await this.#daemon.start(
      `[global.config]\nas = ${SPEAKER.asn}\nrouter-id = "${SPEAKER.IPv4}"\n`,
    );
    await this.#addNeighbor(FEED.from[family], FEED.asn);
    await this.#learn();
    await this.#addNeighbor(ROUTER[family], ROUTER.asn);
  }

  async announceAnother(): Promise<void> {
    const { family, another } = this.#task;
    const route = [prefix(another, this.#task), 'nexthop', SPEAKER[family]];
    await run(this.#command('global', 'rib', 'add', ...route, '-a', family.toLowerCase()));
  }

  pids(): readonly number[] {
    return this.#daemon.pids();
  }

  stop(): Promise<void> {
    this.#feeder?.stop();
    return this.#daemon.kill();
  }

  async #learn(): Promise<void> {
    const { family, ips, namespace, agents } = this.#task;
    this.#feeder = await startBgpNode({ namespace, directory: agents });
    const [first = ''] = ips;
    await this.#feeder.ask({ do: 'announce', first, count: ips.length });
    const spec = {
      ...{ myASN: FEED.asn, peerASN: SPEAKER.asn, routerID: '192.0.2.2' },
      ...{ peerAddress: FEED.to[family], sourceAddress: FEED.from[family] },
    };
    await this.#feeder.ask({ do: 'peers', peers: [{ name: 'gobgp', spec }] });
    const table = this.#command('-j', 'global', 'rib', 'summary', '-a', family.toLowerCase());
    await until({ what: 'its routes', deadlineMs: 60_000, everyMs: 200 }, async () => {
      const { num_path: known = 0 }: { num_path?: number } = JSON.parse(await run(table));
      return known === ips.length;
    });
  }

  async #addNeighbor(address: string, asn: number): Promise<void> {
    const asked = ['as', String(asn), 'family', `${this.#task.family.toLowerCase()}-unicast`];
    await run(this.#command('neighbor', 'add', address, ...asked));
  }

  #command(...words: readonly string[]): string[] {
    return ['ip', 'netns', 'exec', this.#task.namespace, 'gobgp', ...words];
  }
}

class Exabgp implements Speaker {
  readonly #task: Task;
  readonly #daemon: Daemon;
  readonly #feed: string;

  constructor(task: Task) {
    this.#task = task;
    this.#feed = join(task.directory, 'feed');
    const settings = ['daemon.drop=false', 'api.cli=false', 'api.ack=false', 'log.level=WARNING'];
    const environment = settings.map((setting) => `exabgp.${setting}`);
    this.#daemon = new Daemon(task, {
      ...{ name: 'exabgp', file: 'exabgp.conf', isReady: () => Promise.resolve(true) },
      command: ['env', ...environment, 'exabgp', join(task.directory, 'exabgp.conf')],
    });
  }

  async start(): Promise<void> {
    const { family, ips } = this.#task;
    await writeFile(this.#feed, '');
    await this.#daemon.start(
      [
        `process feed { run /usr/bin/tail -n +1 -f ${this.#feed}; encoder text; }`,
        `neighbor ${ROUTER[family]} {`,
        `router-id ${SPEAKER.IPv4}; local-address ${SPEAKER[family]};`,
        `local-as ${SPEAKER.asn}; peer-as ${ROUTER.asn}; hold-time 90;`,
        `family { ${family.toLowerCase()} unicast; }`,
        `api { processes [ feed ]; }`,
        `static {\n${ips.map((ip) => `${this.#route(ip)};`).join('\n')}\n}\n}\n`,
      ].join('\n'),
    );
  }

  announceAnother(): Promise<void> {
    return appendFile(this.#feed, `announce ${this.#route(this.#task.another)}\n`);
  }

  pids(): readonly number[] {
    return this.#daemon.pids();
  }

  stop(): Promise<void> {
    return this.#daemon.kill();
  }

  #route(ip: IpAddress): string {
    return `route ${prefix(ip, this.#task)} next-hop self`;
  }
}

class Bird implements Speaker {
  readonly #task: Task;
  readonly #daemon: Daemon;

  constructor(task: Task) {
    this.#task = task;
    this.#daemon = birdDaemon(task);
  }

  start(): Promise<void> {
    const { family, ips, another } = this.#task;
    const channel = family.toLowerCase();
    const route = (ip: IpAddress) => `route ${prefix(ip, this.#task)} blackhole;`;
    return this.#daemon.start(
      [
        `log stderr all; router id ${SPEAKER.IPv4}; protocol device {}`,
        `protocol static { ${channel};\n${ips.map(route).join('\n')}\n}`,
        // One more by a change of this file would have it read again.
        `protocol static another { disabled; ${channel}; ${route(another)} }`,
        `protocol bgp { local ${SPEAKER[family]} as ${SPEAKER.asn};`,
        `neighbor ${ROUTER[family]} as ${ROUTER.asn}; hold time 90; connect delay time 1;`,
        `${channel} { import none; export where source = RTS_STATIC; }; }\n`,
      ].join('\n'),
    );
  }

  async announceAnother(): Promise<void> {
    await birdc(this.#task, 'enable another');
  }

  pids(): readonly number[] {
    return this.#daemon.pids();
  }

  stop(): Promise<void> {
    return this.#daemon.kill();
  }
}
