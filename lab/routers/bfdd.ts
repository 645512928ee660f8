import { chown, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run, tryRun, until } from '../exec.ts';
import { Program } from '../program.ts';
import { BFD_MULTIPLIER, type BfdDaemon, type BfdPeerPlan, LOG_LINES } from './bfd-daemon.ts';
import type { RouterPlace } from './router.ts';

const DAEMONS = '/usr/lib/frr';
/** It takes packets from as far away as they come. */
const FURTHEST_TTL = 1;

/** FRRouting's bfdd, and zebra that tells it of interfaces. It knows no authentication. */
export class Bfdd implements BfdDaemon {
  readonly #place: RouterPlace;
  readonly #plan: BfdPeerPlan;
  readonly #zebra: Program;
  readonly #bfdd: Program;

  constructor(place: RouterPlace, plan: BfdPeerPlan) {
    this.#place = place;
    this.#plan = plan;
    this.#zebra = this.#daemon('zebra');
    this.#bfdd = this.#daemon('bfdd');
  }

  async start(): Promise<void> {
    const { directory } = this.#place;
    await mkdir(directory, { recursive: true });
    const ids = ['-u', '-g'].map(async (which) => Number(await run(['id', which, 'frr'])));
    const [user = 0, group = 0] = await Promise.all(ids);
    await chown(directory, user, group);
    await writeFile(join(directory, 'zebra.conf'), 'hostname router\n');
    await writeFile(join(directory, 'bfdd.conf'), bfddConf(this.#plan));
    this.#zebra.start();
    await this.#answers('zebra', 'show version');
    this.#bfdd.start();
    await this.#answers('bfdd', 'show bfd peers');
  }

  async stop(): Promise<void> {
    await this.#bfdd.stop();
    await this.#zebra.stop();
  }

  async kill(): Promise<number> {
    const at = Date.now();
    await this.#bfdd.killTree();
    return at;
  }

  async state(): Promise<string> {
    const [peer] = JSON.parse(await this.#vtysh('show bfd peers json'));
    return peer?.status ?? 'unknown';
  }

  async shutDown(): Promise<void> {
    await this.#vtysh('configure terminal', 'bfd', peerLine(this.#plan), 'shutdown');
  }

  lastFailureAt(): number | undefined {
    const line = this.#bfdd.lastLogLines(LOG_LINES).findLast((each) => / up -> down /.test(each));
    const [, date, time] = /^(\S+) (\S+)/.exec(line ?? '') ?? [];
    return date === undefined ? undefined : Date.parse(`${date.replaceAll('/', '-')}T${time}Z`);
  }

  log(): string {
    return this.#bfdd.lastLogLines(60).join('\n');
  }

  #daemon(name: string): Program {
    const { directory, namespace } = this.#place;
    return new Program({
      ...{ name, namespace, logFile: join(directory, `${name}.log`) },
      environment: { TZ: 'UTC' },
      command: [
        ...[join(DAEMONS, name), '--vty_socket', directory, '-z', join(directory, 'zserv.api')],
        ...['-i', join(directory, `${name}.pid`), '-f', join(directory, `${name}.conf`)],
        ...['-P', '0', '--log', 'stdout', '--log-level', 'debugging'],
        ...(name === 'bfdd' ? ['--bfdctl', join(directory, 'bfdd.sock')] : []),
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
    return run(['vtysh', ...this.#socket, '-d', 'bfdd', ...commands.flatMap((one) => ['-c', one])]);
  }
}

function peerLine({ address, local, interface: name }: BfdPeerPlan): string {
  const way = name === undefined ? 'multihop' : '';
  const by = name === undefined ? '' : ` interface ${name}`;
  return `peer ${address} ${way} local-address ${local}${by}`.replaceAll(/ +/g, ' ');
}

function bfddConf(plan: BfdPeerPlan): string {
  return [
    ...['hostname router', 'log timestamp precision 3', 'debug bfd peer', 'bfd'],
    ` ${peerLine(plan)}`,
    `  detect-multiplier ${BFD_MULTIPLIER}`,
    `  receive-interval ${plan.intervalMs}`,
    `  transmit-interval ${plan.intervalMs}`,
    ...(plan.interface === undefined ? [`  minimum-ttl ${FURTHEST_TTL}`] : []),
    '',
  ].join('\n');
}
