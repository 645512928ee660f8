import { BUSY_WAIT_MS, longestDataplaneWaitMs } from '../duty/dataplane-wait.ts';
import type { KubeProxyReading } from '../linux/kube-proxy.ts';
import type { SyncedBefore } from '../linux/kube-proxy-memory.ts';
import type { SyncTimes } from '../linux/kube-proxy-metrics.ts';
import { familyOf, type IpAddress } from '../net/ip.ts';

export interface DataplaneOptions {
  /** Whether kube-proxy's metrics are asked at all. */
  readonly hasMetrics: boolean;
  /** How long a new IP waits when nothing can be asked; 0: no IP ever waits. */
  readonly blindWaitMs: number;
  /**
   * When this node has seen its kube-proxy in sync before: kernel rules survive every restart but the machine's. A node
   * that never had one may have none.
   */
  readonly syncedBefore: SyncedBefore;
}

/** What one look at kube-proxy found. */
export interface DataplaneLook {
  readonly metrics: KubeProxyReading;
  /** healthCheckNodePorts that answered 200. */
  readonly healthyPorts: ReadonlySet<number>;
  readonly bootEpochMs: number;
}

interface Waiting {
  readonly publishedEpochMs: number;
  readonly healthPorts: readonly number[];
  readonly isConfirmed: boolean;
}

/** An IP that ends its wait. */
export interface Released {
  readonly ip: IpAddress;
  readonly waitedMs: number;
  /** kube-proxy serves it; otherwise it has waited as long as it may. */
  readonly isConfirmed: boolean;
}

/** kube-proxy may have seen the Service before this program did, by its own watch. */
const WATCH_LAG_MS = 500;
/** By then it has seen it: what it queued before is not of an earlier change of the Service, such as its creation. */
const HEARD_WITHIN_MS = 100;
const FIRST_LOOK_MS = 25;
const SLOWEST_LOOK_MS = 200;
/** Whoever answers slowly is spared, but not for the whole wait of an IP. */
const LONGEST_PAUSE_MS = 500;
const GATE_LOOK_MS = 1_000;
/** Where nothing says that there is a kube-proxy. */
const SEARCH_LOOK_MS = 10_000;
/** A kube-proxy that can't be asked starts with the node, or there is none any more. */
const STARTS_WITHIN_MS = 60_000;
/** Of so many IPs that wait longest, ports are asked in one look. */
const IPS_WITH_PORTS = 16;

/**
 * Nothing is announced before this node's kube-proxy serves it (network rule 26): a new IP waits for the sync that has
 * it, and a node whose kube-proxy has not synced since boot fails the gate `dataplane`. Decides only; whoever drives it
 * looks at kube-proxy when `nextLookEpochMs` says so. One look serves all IPs that wait.
 */
export class DataplaneGate {
  readonly #options: DataplaneOptions;
  /** IPs that Services name since a moment ago, oldest first. */
  readonly #published = new Map<IpAddress, number>();
  readonly #waiting = new Map<IpAddress, Waiting>();
  #synced: boolean;
  #expected: boolean;
  #readable = true;
  #problem = '';
  #lookedEpochMs = Number.NEGATIVE_INFINITY;
  #lookTookMs = 0;
  /** Of the first look. */
  #firstLookEpochMs = Number.POSITIVE_INFINITY;

  constructor(options: DataplaneOptions) {
    this.#options = options;
    this.#synced = options.syncedBefore === 'this-boot';
    this.#expected = options.syncedBefore === 'an-earlier-boot';
    if (this.#expected) this.#problem = 'kube-proxy has not been asked yet';
  }

  /** This node's kube-proxy has synced since boot. */
  get synced(): boolean {
    return this.#synced;
  }

  /** Others come first: there is a kube-proxy here, and it has not synced since boot. */
  get failed(): boolean {
    return this.#options.hasMetrics && this.#expected && !this.#synced;
  }

  /**
   * Nothing is to be sent here: the gate fails, and not just because nobody can be asked. Of those who answer on a segment
   * there is a last one; a router has no such order.
   */
  get servesNothing(): boolean {
    if (!this.failed) return false;
    const askedForMs = this.#lookedEpochMs - this.#firstLookEpochMs;
    return this.#readable || askedForMs < STARTS_WITHIN_MS;
  }

  /** Why the gate fails, in words; empty where it does not. */
  get problem(): string {
    return this.failed ? this.#problem : '';
  }

  /** IPs that wait now. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Ports that the next look should ask. */
  get portsToAsk(): ReadonlySet<number> {
    const ports = new Set<number>();
    let left = IPS_WITH_PORTS;
    for (const { healthPorts } of this.#waiting.values()) {
      for (const port of healthPorts) ports.add(port);
      left -= 1;
      if (left === 0) break;
    }
    return ports;
  }

  /** A Service's status names this IP from now on: kube-proxy learns it at about the same time. */
  published(ip: IpAddress, epochMs: number): void {
    if (this.#options.blindWaitMs === 0) return;
    const longest = longestDataplaneWaitMs(this.#options.blindWaitMs);
    for (const [oldest, at] of this.#published) {
      if (epochMs - at < longest) break;
      this.#published.delete(oldest);
    }
    // Both maps stay in order.
    this.#published.delete(ip);
    this.#waiting.delete(ip);
    this.#published.set(ip, epochMs);
  }

  /**
   * Whether an IP without duty must wait; if so, it is among those that a later `advance` releases.
   * @param healthPorts healthCheckNodePorts of its Services that have endpoints on this node: they must confirm, too
   */
  holds(ip: IpAddress, healthPorts: readonly number[]): boolean {
    const publishedEpochMs = this.#published.get(ip);
    if (publishedEpochMs === undefined) return false;
    this.#waiting.set(ip, { publishedEpochMs, healthPorts, isConfirmed: false });
    return true;
  }

  /** What kube-proxy said, and how long that took. */
  looked(look: DataplaneLook, moment: { readonly epochMs: number; readonly tookMs: number }): void {
    this.#lookedEpochMs = moment.epochMs;
    this.#firstLookEpochMs = Math.min(this.#firstLookEpochMs, moment.epochMs);
    this.#lookTookMs = moment.tookMs;
    const { metrics, bootEpochMs } = look;
    this.#readable = metrics.kind === 'times';
    if (metrics.kind === 'times') {
      this.#expected = true;
      this.#judge(metrics.times, bootEpochMs);
    } else {
      this.#problem = `kube-proxy's metrics can't be read (${metrics.reason})`;
    }
    for (const [ip, waiting] of this.#waiting) {
      if (isServed(ip, waiting, { ...look, epochMs: moment.epochMs }))
        this.#waiting.set(ip, { ...waiting, isConfirmed: true });
    }
  }

  /** Ends the waits that are over, confirmed or too long. */
  advance(epochMs: number): Released[] {
    const released: Released[] = [];
    for (const [ip, waiting] of this.#waiting) {
      const { publishedEpochMs, isConfirmed } = waiting;
      if (!isConfirmed && epochMs < this.#deadlineOf(waiting)) continue;
      this.#waiting.delete(ip);
      this.#published.delete(ip);
      released.push({ ip, waitedMs: epochMs - publishedEpochMs, isConfirmed });
    }
    return released;
  }

  /** When `advance` has something to do; undefined while nothing waits. */
  get deadlineEpochMs(): number | undefined {
    const [oldest] = this.#waiting.values();
    return oldest && this.#deadlineOf(oldest);
  }

  /** When to look at kube-proxy again; undefined when there is nothing to learn. */
  nextLookEpochMs(): number | undefined {
    const [oldest] = this.#waiting.values();
    if (oldest !== undefined && (this.#options.hasMetrics || this.portsToAsk.size > 0)) {
      const age = Math.max(0, this.#lookedEpochMs - oldest.publishedEpochMs);
      const pause = Math.min(SLOWEST_LOOK_MS, Math.max(FIRST_LOOK_MS, age / 2));
      const first = oldest.publishedEpochMs + FIRST_LOOK_MS;
      const spared = Math.min(LONGEST_PAUSE_MS, 2 * this.#lookTookMs);
      return Math.max(first, this.#lookedEpochMs + Math.max(pause, spared));
    }
    if (!this.#options.hasMetrics || this.#synced) return undefined;
    return this.#lookedEpochMs + (this.#expected ? GATE_LOOK_MS : SEARCH_LOOK_MS);
  }

  #deadlineOf({ publishedEpochMs }: Waiting): number {
    const { hasMetrics, blindWaitMs } = this.#options;
    return publishedEpochMs + (hasMetrics && this.#readable ? BUSY_WAIT_MS : blindWaitMs);
  }

  /** Once in sync, always: a kube-proxy that starts anew leaves the rules in the kernel. */
  #judge(times: readonly SyncTimes[], bootEpochMs: number): void {
    const late = times.filter(({ syncedEpochMs }) => syncedEpochMs <= bootEpochMs);
    if (times.length > 0 && late.length === 0) this.#synced = true;
    const families = late.flatMap(({ family }) => family ?? []).join(' and ');
    this.#problem = `kube-proxy has not written its rules${families && ` for ${families}`} since this node started`;
  }
}

/**
 * A change was queued since the Service named the IP, and the sync after it is done. A port alone may answer by an earlier
 * sync, which had the endpoints and not yet the IP; it is believed where there is nothing else.
 */
function isServed(
  ip: IpAddress,
  waiting: Waiting,
  look: DataplaneLook & { readonly epochMs: number },
): boolean {
  const { healthPorts, publishedEpochMs } = waiting;
  if (!healthPorts.every((port) => look.healthyPorts.has(port))) return false;
  if (look.metrics.kind === 'unreadable') return healthPorts.length > 0;
  const ours = look.metrics.times.filter(
    ({ family }) => family === undefined || family === familyOf(ip),
  );
  const hasHeard = look.epochMs - publishedEpochMs >= HEARD_WITHIN_MS;
  const earliest = publishedEpochMs - (hasHeard ? WATCH_LAG_MS : 0);
  return ours.some(
    ({ syncedEpochMs, queuedEpochMs }) =>
      syncedEpochMs > look.bootEpochMs &&
      syncedEpochMs >= queuedEpochMs &&
      queuedEpochMs >= earliest,
  );
}
