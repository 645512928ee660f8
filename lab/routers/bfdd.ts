import { join } from 'node:path';
import {
  BFD_MULTIPLIER,
  type BfdDaemon,
  type BfdPeerPlan,
  LOG_LINES,
  loggedAt,
} from './bfd-daemon.ts';
import { FrrDaemons } from './frr-daemons.ts';
import type { RouterPlace } from './router.ts';

/** It takes packets from as far away as they come. */
const FURTHEST_TTL = 1;

/** FRRouting's bfdd. It knows no authentication. */
export class Bfdd implements BfdDaemon {
  readonly #plan: BfdPeerPlan;
  readonly #daemons: FrrDaemons;

  constructor(place: RouterPlace, plan: BfdPeerPlan) {
    this.#plan = plan;
    this.#daemons = new FrrDaemons(place, {
      ...{ name: 'bfdd', configuration: bfddConf(plan), question: 'show bfd peers' },
      arguments: ['--log-level', 'debugging', '--bfdctl', join(place.directory, 'bfdd.sock')],
    });
  }

  start(): Promise<void> {
    return this.#daemons.start();
  }

  stop(): Promise<void> {
    return this.#daemons.stop();
  }

  kill(): Promise<void> {
    return this.#daemons.kill();
  }

  async state(): Promise<string> {
    const [peer]: readonly FrrBfdPeer[] = JSON.parse(
      await this.#daemons.vtysh('show bfd peers json'),
    );
    return peer?.status ?? 'unknown';
  }

  async shutDown(): Promise<void> {
    await this.#daemons.vtysh('configure terminal', 'bfd', peerLine(this.#plan), 'shutdown');
  }

  lastFailureAt(): number | undefined {
    const line = this.#daemons.lastLines(LOG_LINES).findLast((each) => / up -> down /.test(each));
    return loggedAt(line);
  }

  log(): string {
    return this.#daemons.lastLines(60).join('\n');
  }
}

interface FrrBfdPeer {
  readonly status?: string;
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
