import { chown, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { run, tryRun } from '../exec.ts';
import { Daemon } from './daemon.ts';
import type { RouterPlace } from './router.ts';

const PROGRAMS = '/usr/lib/frr';

export interface FrrDaemon {
  readonly name: 'zebra' | 'bgpd' | 'bfdd';
  readonly configuration: string;
  /** Beside those that every one is given. */
  readonly arguments: readonly string[];
  /** What it answers once it is ready. */
  readonly question: string;
}

const ZEBRA: FrrDaemon = {
  name: 'zebra',
  configuration: 'hostname router\n',
  arguments: ['--log-level', 'errors'],
  question: 'show version',
};

/**
 * Daemons of FRRouting, and zebra, which knows interfaces, fills the kernel's table and lets them talk to each other. They
 * insist on running as their own user.
 */
export class FrrDaemons {
  readonly #directory: string;
  readonly #first: FrrDaemon['name'];
  readonly #all: readonly { readonly which: FrrDaemon; readonly daemon: Daemon }[];

  /** @param first the one that the others are for */
  constructor(place: RouterPlace, first: FrrDaemon, ...others: readonly FrrDaemon[]) {
    this.#directory = place.directory;
    this.#first = first.name;
    this.#all = [ZEBRA, ...others, first].map((which) => ({
      which,
      daemon: this.#daemonOf(place, which),
    }));
  }

  async start(): Promise<void> {
    await mkdir(this.#directory, { recursive: true });
    const [user = 0, group = 0] = await Promise.all(
      ['-u', '-g'].map(async (which) => Number(await run(['id', which, 'frr']))),
    );
    await chown(this.#directory, user, group);
    // What a zebra that was killed has left would be taken for the next one's.
    await rm(join(this.#directory, 'zserv.api'), { force: true });
    for (const { which, daemon } of this.#all) await daemon.start(which.configuration);
  }

  async stop(): Promise<void> {
    for (const { daemon } of this.#all.toReversed()) await daemon.stop();
  }

  /** As after a power cut. */
  async kill(): Promise<void> {
    for (const { daemon } of this.#all.toReversed()) await daemon.kill();
  }

  /** What the first daemon prints, told one command after the other. */
  vtysh(...commands: readonly string[]): Promise<string> {
    return this.ask(this.#first, ...commands);
  }

  ask(name: FrrDaemon['name'], ...commands: readonly string[]): Promise<string> {
    return run(this.#vtysh(name, commands));
  }

  /** The last lines of the first daemon's log. */
  lastLines(count: number): string[] {
    return this.#all.at(-1)?.daemon.lastLines(count) ?? [];
  }

  #daemonOf(place: RouterPlace, { name, arguments: more, question }: FrrDaemon): Daemon {
    const below = (file: string) => join(place.directory, file);
    const file = `${name}.conf`;
    return new Daemon(place, {
      ...{ name, file },
      command: [
        ...[join(PROGRAMS, name), '--vty_socket', place.directory, '-z', below('zserv.api')],
        ...['-i', below(`${name}.pid`), '-f', below(file), '-P', '0', '--log', 'stdout', ...more],
      ],
      isReady: async () => (await tryRun(this.#vtysh(name, [question]))).code === 0,
    });
  }

  #vtysh(name: string, commands: readonly string[]): string[] {
    const socket = ['--vty_socket', this.#directory];
    return ['vtysh', ...socket, '-d', name, ...commands.flatMap((one) => ['-c', one])];
  }
}
