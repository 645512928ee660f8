import { createConnection, type Socket } from 'node:net';
import { join } from 'node:path';
import { until } from '../../lab/exec.ts';
import { Frr } from '../../lab/routers/frr.ts';
import { kernelCount } from '../../lab/routers/router.ts';
import type { IpFamily } from '../../modules/metallb/src/net/ip.ts';
import { ROUTER, SPEAKER } from './place.ts';

interface Summary {
  readonly peers?: Readonly<Record<string, { readonly state: string; readonly pfxRcd?: number }>>;
}

/** What FRR knows of the speaker. */
export interface Sight {
  readonly isEstablished: boolean;
  readonly routes: number;
}

const FAMILIES = ['IPv4', 'IPv6'] as const;
const QUIET_MS = 60_000;

/** FRR, asked by the socket that vtysh uses: an answer takes a fraction of a millisecond, and little of its time. */
export class BenchRouter {
  readonly #frr: Frr;
  readonly #namespace: string;
  readonly #directory: string;
  #vty: Vty | undefined;

  constructor(namespace: string, directory: string) {
    this.#namespace = namespace;
    this.#directory = directory;
    const neighbours = FAMILIES.map((family) => ({
      ...{ address: SPEAKER[family], asn: SPEAKER.asn, passive: true, holdSeconds: 90 },
    }));
    this.#frr = new Frr({ namespace, directory }, { asn: ROUTER.asn, id: ROUTER.IPv4, neighbours });
  }

  async start(): Promise<void> {
    await this.#frr.start();
    this.#vty = await Vty.to(join(this.#directory, 'bgpd.vty'));
  }

  async stop(): Promise<void> {
    this.#vty?.close();
    await this.#frr.stop();
  }

  async look(family: IpFamily): Promise<Sight> {
    const asked = `show bgp ${family.toLowerCase()} unicast summary json`;
    const { peers = {} }: Summary = JSON.parse((await this.#vty?.ask(asked)) ?? '{}');
    const { state, pfxRcd = 0 } = peers[SPEAKER[family]] ?? {};
    return { isEstablished: state === 'Established', routes: pfxRcd };
  }

  /** Until nothing is left of the speaker before, in the kernel neither. */
  async quiet(): Promise<void> {
    const waiting = { what: 'an empty table', deadlineMs: QUIET_MS, everyMs: 200 };
    await until(waiting, async () => {
      const sights = await Promise.all(FAMILIES.map((family) => this.look(family)));
      const isOver = sights.every((one) => !one.isEstablished && one.routes === 0);
      return isOver && (await kernelCount(this.#namespace, 'bgp')) === 0;
    });
  }
}

/** Commands end with a zero octet; answers with three, and one for how it went. */
class Vty {
  readonly #socket: Socket;
  #pending = Buffer.alloc(0);
  readonly #asked: ((answer: string) => void)[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket.on('data', (bytes) => this.#hear(bytes));
  }

  static async to(path: string): Promise<Vty> {
    const vty = new Vty(createConnection(path));
    await vty.ask('enable');
    return vty;
  }

  ask(command: string): Promise<string> {
    return new Promise((resolve) => {
      this.#asked.push(resolve);
      this.#socket.write(`${command}\0`);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #hear(bytes: Uint8Array): void {
    this.#pending = Buffer.concat([this.#pending, bytes]);
    for (;;) {
      const end = this.#pending.indexOf('\0\0\0');
      if (end < 0 || this.#pending.length < end + 4) return;
      const answer = this.#pending.subarray(0, end).toString();
      this.#pending = this.#pending.subarray(end + 4);
      this.#asked.shift()?.(answer);
    }
  }
}
