import { connect } from '../../modules/metallb/src/kube/api-client.ts';
import { KubeStore } from '../../modules/metallb/src/kube/kube-store.ts';
import { systemClock } from '../../modules/metallb/src/time/system-clock.ts';
import { ipsOf } from './replicas.ts';

/**
 * Watches every status of children and Services that the API server ever has, and notes what must not be: an IP that two
 * children have at one time, one that a child has got and has no more, one that a Service had in its status and lost.
 */
export class AssignmentHistory {
  readonly violations: string[] = [];
  readonly #store: KubeStore;
  readonly #close: () => void;
  readonly #ipsOf = new Map<string, readonly string[]>();
  readonly #childWith = new Map<string, string>();

  constructor(kubeconfig: string) {
    const client = connect({ kubeconfig });
    this.#close = () => client.close();
    this.#store = new KubeStore({
      ...{ client, clock: systemClock, random: Math.random },
      onUnreadable: (kind, error) => this.violations.push(`${kind}: ${error.message}`),
    });
    for (const kind of ['SDNInternalL2LBService', 'Service'] as const) {
      this.#store.watch({ kind }, (event) => {
        if (event.type === 'listed') for (const each of event.objects) this.#look(each);
        else if (event.type === 'changed') this.#look(event.object);
      });
    }
  }

  async start(): Promise<void> {
    await this.#store.start();
  }

  async stop(): Promise<void> {
    await this.#store.stop();
    this.#close();
  }

  #look({
    kind,
    metadata: { name },
    status,
  }: {
    kind: string;
    metadata: { name: string };
    status?: unknown;
  }): void {
    const ips = ipsOf(status);
    const key = `${kind}/${name}`;
    const lost = (this.#ipsOf.get(key) ?? []).filter((ip) => !ips.includes(ip));
    if (lost.length > 0) this.violations.push(`${key} lost ${lost.join(', ')}`);
    this.#ipsOf.set(key, ips);
    if (kind === 'Service') return;
    for (const ip of ips) {
      const holder = this.#childWith.get(ip) ?? name;
      if (holder !== name) this.violations.push(`${holder} and ${name} have ${ip}`);
      this.#childWith.set(ip, name);
    }
  }
}
