import { execFile } from 'node:child_process';
import { parseArgs } from 'node:util';
import cap from 'cap';
import type { PortReport } from '../port-guard.ts';
import { serve } from './serve.ts';

/** Counts ARP broadcasts per node on the bridge of the public segment; shuts the port of a node that sends too many. */
const { values } = parseArgs({
  options: {
    limit: { type: 'string', default: '100' },
    guard: { type: 'string', multiple: true, default: [] },
  },
});
const WINDOW_MS = 1_000;
const RING_BYTES = 4 * 1024 * 1024;
const frameBuffer = Buffer.alloc(65_535);

class Port {
  readonly node: string;
  readonly mac: string;
  /** When the broadcasts of the last second came, oldest first. */
  #recent: number[] = [];
  #most = 0;
  #shut = false;

  constructor(node: string, mac: string) {
    this.node = node;
    this.mac = mac;
  }

  count(now: number, limit: number): void {
    this.#recent = [...this.#recent.filter((at) => now - at < WINDOW_MS), now];
    this.#most = Math.max(this.#most, this.#recent.length);
    if (this.#recent.length > limit && !this.#shut) this.#close();
  }

  report(): PortReport {
    return { node: this.node, mostPerSecond: this.#most, shut: this.#shut };
  }

  #close(): void {
    this.#shut = true;
    execFile('ip', ['link', 'set', `${this.node}.eth0`, 'down'], (error) => {
      if (error !== null) throw error;
    });
  }
}

const ports = values.guard.map((pair) => {
  const [node = '', mac = ''] = pair.split('=');
  return new Port(node, mac);
});
const byMac = new Map(ports.map((port) => [port.mac.replaceAll(':', ''), port]));

const socket = new cap.Cap();
socket.open('public', 'arp and ether broadcast', RING_BYTES, frameBuffer);
socket.on('packet', () => {
  byMac.get(frameBuffer.toString('hex', 6, 12))?.count(performance.now(), Number(values.limit));
});

serve(() => ports.map((port) => port.report()));
