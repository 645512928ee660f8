import { isDeepStrictEqual } from 'node:util';
import { METALLB_LABEL } from '../api/names.ts';
import { keyOf } from '../api/object.ts';
import { parseServiceBgpStatus, type ServiceBgpStatus } from '../api/service-bgp-status.ts';
import { bgpStatusName, newBgpStatus, type ServiceOfNode } from '../metallb/bgp-status.ts';
import { AlreadyExistsError, NotFoundError } from '../store/errors.ts';
import { Mirror } from '../store/mirror.ts';
import type { Store } from '../store/store.ts';
import { WorkQueue } from '../store/work-queue.ts';
import type { Clock } from '../time/clock.ts';

const KIND = 'ServiceBGPStatus';

export interface ServiceBgpStatusesPorts {
  readonly store: Pick<Store, 'watch' | 'write'>;
  readonly clock: Clock;
  readonly random: () => number;
  /** Where it is told. */
  readonly namespace: string;
  /** Names of the peers that this node announces IPs of the Service to, whether they hear it or not; sorted. */
  readonly peersOf: (service: string) => readonly string[];
  readonly onFailure: (key: string, error: unknown, retryMs: number | undefined) => void;
}

/** To whom this node announces each Service: an object for each, by MetalLB's kind, for as long as it does. */
export class ServiceBgpStatuses {
  readonly #nodeName: string;
  readonly #ports: ServiceBgpStatusesPorts;
  readonly #told: Mirror<ServiceBgpStatus>;
  readonly #queue: WorkQueue;

  constructor(nodeName: string, ports: ServiceBgpStatusesPorts) {
    this.#nodeName = nodeName;
    this.#ports = ports;
    const { store, clock, random, onFailure, namespace } = ports;
    this.#told = new Mirror(store, {
      ...{ kind: KIND, namespace, labels: { [METALLB_LABEL.node]: nodeName } },
      parse: parseServiceBgpStatus,
      onChange: (keys) => {
        for (const key of keys) this.#add(this.#told.get(key));
      },
      onProblem: () => undefined,
    });
    this.#queue = new WorkQueue({ clock, random, onFailure, work: (key) => this.#write(key) });
  }

  /** What an earlier speaker told and is not so any more goes: to be called once it is known what is so. Idempotent. */
  start(): void {
    this.#told.start();
  }

  serviceChanged(service: string): void {
    this.#queue.add(service);
  }

  async stop(): Promise<void> {
    this.#told.stop();
    await this.#queue.stop();
  }

  #add(status: ServiceBgpStatus | undefined): void {
    const { serviceName: name, serviceNamespace: namespace } = status?.status ?? {};
    if (name !== undefined) this.#queue.add(keyOf({ namespace, name }));
  }

  async #write(service: string): Promise<void> {
    const [namespace = '', name = ''] = service.split('/');
    const told = { namespace, name, node: this.#nodeName };
    try {
      await this.#tell(told, this.#ports.peersOf(service));
    } catch (error) {
      // Neither its definition nor its namespace need be there; and what is gone needs no deletion.
      if (!(error instanceof NotFoundError)) throw error;
    }
  }

  async #tell(told: ServiceOfNode, peers: readonly string[]): Promise<void> {
    const { store, namespace } = this.#ports;
    const ref = { kind: KIND, namespace, name: bgpStatusName(told) } as const;
    const known = this.#told.get(keyOf(ref));
    if (peers.length === 0) {
      if (known !== undefined) await store.write({ do: 'delete', ref });
      return;
    }
    if (isDeepStrictEqual(known?.status.peers, peers)) return;
    if (known === undefined) await this.#create(told);
    const value = {
      ...{ node: told.node, serviceName: told.name, serviceNamespace: told.namespace },
      peers,
    };
    // All of it is this node's word: there is nobody to test against.
    const patch = [{ op: 'add', path: '/status', value }] as const;
    await store.write({ do: 'patch', ref, subresource: 'status', patch });
  }

  async #create(told: ServiceOfNode): Promise<void> {
    const { store, namespace } = this.#ports;
    try {
      await store.write({ do: 'create', object: newBgpStatus(told, namespace) });
    } catch (error) {
      if (!(error instanceof AlreadyExistsError)) throw error;
    }
  }
}
