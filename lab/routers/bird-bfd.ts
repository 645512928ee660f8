import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run, tryRun, until } from '../exec.ts';
import { Program } from '../program.ts';
import { BFD_MULTIPLIER, type BfdDaemon, type BfdPeerPlan, LOG_LINES } from './bfd-daemon.ts';
import type { RouterPlace } from './router.ts';

/** BIRD 2 with nothing but BFD. */
export class BirdBfd implements BfdDaemon {
  readonly #place: RouterPlace;
  readonly #plan: BfdPeerPlan;
  readonly #program: Program;

  constructor(place: RouterPlace, plan: BfdPeerPlan) {
    this.#place = place;
    this.#plan = plan;
    const { directory, namespace } = place;
    this.#program = new Program({
      ...{ name: 'bird', namespace, logFile: join(directory, 'bird.log') },
      environment: { TZ: 'UTC' },
      command: [
        ...['bird', '-f', '-c', join(directory, 'bird.conf'), '-s', join(directory, 'bird.ctl')],
        ...['-P', join(directory, 'bird.pid')],
      ],
    });
  }

  async start(): Promise<void> {
    const { directory } = this.#place;
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, 'bird.conf'), birdConf(this.#plan));
    this.#program.start();
    await until({ what: 'bird to answer', deadlineMs: 10_000, everyMs: 50 }, async () => {
      const asked = await tryRun(this.#command('show status'));
      return asked.code === 0 && asked.stdout.includes('Daemon is up and running');
    });
  }

  stop(): Promise<void> {
    return this.#program.stop();
  }

  async kill(): Promise<number> {
    const at = Date.now();
    await this.#program.killTree();
    return at;
  }

  async state(): Promise<string> {
    const shown = await run(this.#command('show bfd sessions'));
    const line = shown.split('\n').find((each) => each.startsWith(this.#plan.address));
    return line?.split(/\s+/)[2]?.toLowerCase() ?? 'unknown';
  }

  async shutDown(): Promise<void> {
    await run(this.#command('disable bfd1'));
  }

  lastFailureAt(): number | undefined {
    const line = this.#program
      .lastLogLines(LOG_LINES)
      .findLast((each) => / changed state from Up to Down/.test(each));
    const [, date, time] = /^(\S+) (\S+)/.exec(line ?? '') ?? [];
    return date === undefined ? undefined : Date.parse(`${date}T${time}Z`);
  }

  log(): string {
    return this.#program.lastLogLines(60).join('\n');
  }

  #command(text: string): string[] {
    return ['birdc', '-s', join(this.#place.directory, 'bird.ctl'), ...text.split(' ')];
  }
}

const SHA1 = { 'keyed-sha1': 'keyed sha1', 'meticulous-keyed-sha1': 'meticulous keyed sha1' };

function birdConf({ address, local, interface: name, intervalMs, sha1 }: BfdPeerPlan): string {
  const link = [
    `min rx interval ${intervalMs} ms; min tx interval ${intervalMs} ms;`,
    `multiplier ${BFD_MULTIPLIER};`,
    sha1 ? `authentication ${SHA1[sha1.kind]}; password "${sha1.secret}" { id 1; };` : '',
  ].join(' ');
  return `
log stderr all;
timeformat log iso long ms;
router id 192.0.2.254;
protocol device {}
protocol bfd bfd1 {
  debug { states, events };
  ${name === undefined ? 'multihop' : `interface "${name}"`} { ${link} };
  neighbor ${address} ${name === undefined ? '' : `dev "${name}"`} local ${local} ${name === undefined ? 'multihop on' : ''};
}
`;
}
