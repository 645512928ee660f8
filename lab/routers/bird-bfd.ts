import {
  BFD_MULTIPLIER,
  type BfdDaemon,
  type BfdPeerPlan,
  LOG_LINES,
  loggedAt,
} from './bfd-daemon.ts';
import { birdc, birdDaemon } from './bird-daemon.ts';
import type { Daemon } from './daemon.ts';
import type { RouterPlace } from './router.ts';

/** BIRD 2 with nothing but BFD. */
export class BirdBfd implements BfdDaemon {
  readonly #place: RouterPlace;
  readonly #plan: BfdPeerPlan;
  readonly #daemon: Daemon;

  constructor(place: RouterPlace, plan: BfdPeerPlan) {
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

  async state(): Promise<string> {
    const shown = await birdc(this.#place, 'show bfd sessions');
    const line = shown.split('\n').find((each) => each.startsWith(this.#plan.address));
    return line?.split(/\s+/)[2]?.toLowerCase() ?? 'unknown';
  }

  async shutDown(): Promise<void> {
    await birdc(this.#place, 'disable bfd1');
  }

  lastFailureAt(): number | undefined {
    const line = this.#daemon
      .lastLines(LOG_LINES)
      .findLast((each) => / changed state from Up to Down/.test(each));
    return loggedAt(line);
  }

  log(): string {
    return this.#daemon.lastLines(60).join('\n');
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
