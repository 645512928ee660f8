import { spawnSync } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { parseArgs } from 'node:util';
import { serve } from './serve.ts';

/** Sends a numbered UDP packet to every target every few milliseconds and keeps which were echoed. */
const { values } = parseArgs({
  options: {
    target: { type: 'string', multiple: true, default: [] },
    port: { type: 'string', default: '7' },
    interval: { type: 'string', default: '2' },
    forget: { type: 'boolean', default: false },
  },
});
/**
 * A probe without an echo for this long is lost, also when one comes later: a kernel that asks for a MAC in vain keeps
 * packets for the second until it asks again. An echo that comes sooner may have waited for a busy processor.
 */
const ECHO_WITHIN_MS = 500;
const FORGET_EVERY_MS = 50;

class Target {
  readonly ip: string;
  readonly #socket: Socket;
  #sentAt: number[] = [];
  #answered: boolean[] = [];
  /** Number of the first probe since the last reset; earlier echoes count no more. */
  #first = 0;

  constructor(ip: string) {
    this.ip = ip;
    this.#socket = createSocket(ip.includes(':') ? 'udp6' : 'udp4');
    this.#socket.on('message', (message) => {
      const index = message.readUInt32BE(0) - this.#first;
      const tookMs = performance.now() - (this.#sentAt[index] ?? Number.NEGATIVE_INFINITY);
      if (tookMs < ECHO_WITHIN_MS) this.#answered[index] = true;
    });
    // Network unreachable and the like: a lost probe.
    this.#socket.on('error', () => {});
  }

  /** A packet may be under way, or wait in this host for a MAC. */
  get waits(): boolean {
    const awaitedSince = performance.now() - ECHO_WITHIN_MS;
    for (let index = this.#sentAt.length - 1; index >= 0; index -= 1) {
      if ((this.#sentAt[index] ?? 0) < awaitedSince) return false;
      if (!this.#answered[index]) return true;
    }
    return false;
  }

  probe(port: number): void {
    const message = Buffer.alloc(4);
    message.writeUInt32BE(this.#first + this.#sentAt.length);
    this.#sentAt.push(performance.now());
    this.#answered.push(false);
    this.#socket.send(message, port, this.ip, () => {});
  }

  reset(): void {
    this.#first += this.#sentAt.length;
    this.#sentAt = [];
    this.#answered = [];
  }

  /** Leaves out the last probes as long as their echoes may be under way. */
  report() {
    const lostBefore = performance.now() - ECHO_WITHIN_MS;
    const last = this.#answered.lastIndexOf(true);
    const all = this.#sentAt.map((sentAt, index) => ({ sentAt, answered: this.#answered[index] }));
    const settled = all.filter(({ sentAt }, index) => index <= last || sentAt < lostBefore);
    const lastAnswered = settled.findLast((probe) => probe.answered)?.sentAt;
    return {
      ip: this.ip,
      sent: settled.length,
      lost: settled.filter((probe) => !probe.answered).length,
      darkMs: longestDark(settled),
      silentMs:
        lastAnswered === undefined ? Number.MAX_SAFE_INTEGER : performance.now() - lastAnswered,
    };
  }
}

/** From the last answered probe before a loss to the first answered one after it; the longest such time. */
function longestDark(probes: readonly { sentAt: number; answered: boolean | undefined }[]): number {
  let darkMs = 0;
  let lastAnswered = probes[0]?.sentAt ?? 0;
  let losing = false;
  for (const probe of probes) {
    if (!probe.answered) {
      losing = true;
      continue;
    }
    if (losing) darkMs = Math.max(darkMs, probe.sentAt - lastAnswered);
    losing = false;
    lastAnswered = probe.sentAt;
  }
  return losing ? Math.max(darkMs, performance.now() - lastAnswered) : darkMs;
}

const targets = values.target.map((ip) => new Target(ip));
const port = Number(values.port);
let forgotAt = performance.now();
setInterval(() => {
  if (values.forget) forget();
  for (const target of targets) target.probe(port);
}, Number(values.interval));

/**
 * Makes this host forget its neighbours, as if a client came for the first time. Only while no packet is under way: a
 * kernel drops what waits with an entry that is deleted, or is just being sent by it, which is no loss of the network.
 */
function forget(): void {
  if (performance.now() - forgotAt < FORGET_EVERY_MS || targets.some(({ waits }) => waits)) return;
  forgotAt = performance.now();
  spawnSync('ip', ['neigh', 'flush', 'dev', 'eth0']);
}

serve((request) => {
  if (request === 'reset') for (const target of targets) target.reset();
  return targets.map((target) => target.report());
});
