import { tryRun } from '../exec.ts';
import type { Container, Probe } from './pod.ts';

/** Whom a probe asks. */
export interface ProbeTarget {
  readonly namespace: string;
  readonly podIp: string;
  readonly container: Container;
}

/** Asks a container's HTTP probes when they are due and counts failures as a kubelet does. */
export class ProbeState {
  readonly #probe: Probe;
  readonly #url: string;
  readonly #namespace: string;
  #dueAt: number;
  #failures = 0;
  #succeeded = false;

  constructor(probe: Probe, where: ProbeTarget) {
    this.#probe = probe;
    this.#namespace = where.namespace;
    this.#url = urlOf(probe, where);
    this.#dueAt = performance.now() + (probe.initialDelaySeconds ?? 0) * 1_000;
  }

  /** The last answers were good. */
  get succeeds(): boolean {
    return this.#succeeded;
  }

  /** As many failures in a row as the probe allows. */
  get failed(): boolean {
    return this.#failures >= (this.#probe.failureThreshold ?? 3);
  }

  async askWhenDue(): Promise<void> {
    if (performance.now() < this.#dueAt) return;
    this.#dueAt = performance.now() + (this.#probe.periodSeconds ?? 10) * 1_000;
    const patience = this.#probe.timeoutSeconds ?? 1;
    const curl = ['curl', '-sk', '-o', '/dev/null', '-m', `${patience}`, '-w', '%{http_code}'];
    const { code, stdout } = await tryRun([
      ...['ip', 'netns', 'exec', this.#namespace],
      ...curl,
      this.#url,
    ]);
    const isGood = code === 0 && Number(stdout) >= 200 && Number(stdout) < 400;
    this.#failures = isGood ? 0 : this.#failures + 1;
    if (isGood) this.#succeeded = true;
    else if (this.failed) this.#succeeded = false;
  }
}

/** @throws for a probe that the lab can't ask */
function urlOf({ httpGet }: Probe, { podIp, container }: ProbeTarget): string {
  if (httpGet === undefined) throw new Error('the lab asks only probes of httpGet');
  const { host = podIp, path = '/', scheme = 'HTTP' } = httpGet;
  const named = container.ports?.find(({ name }) => name === httpGet.port)?.containerPort;
  const port = named ?? httpGet.port;
  if (typeof port !== 'number') throw new Error(`${container.name} has no port ${port}`);
  return `${scheme.toLowerCase()}://${host}:${port}${path}`;
}
