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
 * A daemon of FRRouting, and zebra, which knows interfaces and fills the kernel's table. They insist on running as their
 * own user.
 */
export class FrrDaemons {
  readonly #directory: string;
  readonly #which: FrrDaemon;
  readonly #daemon: Daemon;
  readonly #zebra: Daemon;

  constructor(place: RouterPlace, which: FrrDaemon) {
    this.#directory = place.directory;
    this.#which = which;
    this.#zebra = this.#daemonOf(place, ZEBRA);
    this.#daemon = this.#daemonOf(place, which);
  }

  async start(): Promise<void> {
    await mkdir(this.#directory, { recursive: true });
    const [user = 0, group = 0] = await Promise.all(
      ['-u', '-g'].map(async (which) => Number(await run(['id', which, 'frr']))),
    );
    await chown(this.#directory, user, group);
    // What a zebra that was killed has left would be taken for the next one's.
    await rm(join(this.#directory, 'zserv.api'), { force: true });
    await this.#zebra.start(ZEBRA.configuration);
    await this.#daemon.start(this.#which.configuration);
  }

  async stop(): Promise<void> {
    await this.#daemon.stop();
    await this.#zebra.stop();
  }

  /** As after a power cut. */
  async kill(): Promise<void> {
    await this.#daemon.kill();
    await this.#zebra.kill();
  }

  /** What the daemon prints, told one command after the other. */
  vtysh(...commands: readonly string[]): Promise<string> {
    return run(this.#vtysh(this.#which.name, commands));
  }

  /** The last lines of the daemon's log. */
  lastLines(count: number): string[] {
    return this.#daemon.lastLines(count);
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
