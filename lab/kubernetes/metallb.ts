import { join } from 'node:path';
import { until } from '../exec.ts';
import type { Lab } from '../lab.ts';
import { builtFolder } from './commands.ts';
import { collectionPath, objectPath } from './kinds.ts';

export const METALLB_NAMESPACE = 'metallb-system';
/** What it is stopped and started by: Pods of its DaemonSet need a label that no node has. */
const PARKED = 'lab.example.com/parked';
/** Its readiness is asked for every ten seconds. */
const READY_WITHIN_MS = 60_000;
const MANIFEST = 'metallb-native.yaml';

interface Workloads {
  readonly items: readonly {
    readonly spec: { readonly replicas?: number };
    readonly status?: {
      readonly readyReplicas?: number;
      readonly numberReady?: number;
      readonly desiredNumberScheduled?: number;
    };
  }[];
}

/** MetalLB itself on a lab's API server, by the manifest that its users apply, its programs built from its own source. */
export class Metallb {
  readonly #lab: Lab;

  constructor(lab: Lab) {
    this.#lab = lab;
  }

  /** Applies its manifest. @returns once its Pods are ready, and its webhook with them */
  async install(): Promise<void> {
    await this.#kubectl(['apply', '--filename', join(builtFolder('metallb'), MANIFEST)]);
    // Its controller would make it, and its speakers wait for that.
    await this.#lab.cluster.apply({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'memberlist', namespace: METALLB_NAMESPACE },
      data: { secretkey: Buffer.alloc(32, 7).toString('base64') },
    });
    await this.start();
    await this.ready();
  }

  /** @returns at once */
  async start(): Promise<void> {
    await this.startSpeakers();
    await this.startController();
  }

  async startController(): Promise<void> {
    await this.#kubectl(['scale', 'deployment', 'controller', '--replicas=1']);
  }

  async startSpeakers(): Promise<void> {
    await this.#selectNodes(null);
  }

  /** What answers goes on to answer. */
  async stopController(): Promise<void> {
    await this.#kubectl(['scale', 'deployment', 'controller', '--replicas=0']);
  }

  /** @returns when no process of it runs any more */
  async stop(): Promise<void> {
    await this.stopController();
    await this.#selectNodes({ [PARKED]: 'true' });
    await until({ what: 'Pods of MetalLB gone', deadlineMs: 20_000 }, async () => {
      const path = collectionPath('Pod', METALLB_NAMESPACE);
      const { items } = (await this.#lab.kubernetes.api.get(path)) as { items: unknown[] };
      return items.length === 0;
    });
  }

  /** Others apply the definition of BGPPeer, which they can't while it names MetalLB's webhook. */
  async letGoOfConversion(): Promise<void> {
    const value = { strategy: 'None' };
    const patch = JSON.stringify([{ op: 'replace', path: '/spec/conversion', value }]);
    await this.#kubectl(['patch', 'crd', 'bgppeers.metallb.io', '--type=json', `--patch=${patch}`]);
  }

  /** Everything but the definitions of its kinds, which are another's too. */
  async remove(): Promise<void> {
    const { api } = this.#lab.kubernetes;
    const hook = 'metallb-webhook-configuration';
    await api.ask('DELETE', objectPath('ValidatingWebhookConfiguration', hook));
    await this.stop();
  }

  #selectNodes(labels: Readonly<Record<string, string>> | null): Promise<string> {
    const nodeSelector = { [PARKED]: null, ...labels };
    const patch = JSON.stringify({ spec: { template: { spec: { nodeSelector } } } });
    return this.#kubectl(['patch', 'daemonset', 'speaker', `--patch=${patch}`]);
  }

  /** Waits until all Pods are that are wanted. */
  async ready(): Promise<void> {
    const { api, installation } = this.#lab.kubernetes;
    const words = () =>
      ['controller-', 'speaker-'].flatMap(
        (prefix) => installation?.kubelets.lastWords(prefix, METALLB_NAMESPACE) ?? [],
      );
    const what = () => `MetalLB ready\n${words().join('\n')}`;
    await until({ what, deadlineMs: READY_WITHIN_MS, everyMs: 200 }, async () => {
      const all = await Promise.all(
        ['Deployment', 'DaemonSet'].map(
          (kind) => api.get(collectionPath(kind, METALLB_NAMESPACE)) as Promise<Workloads>,
        ),
      );
      return all.every(({ items }) =>
        items.every(({ spec, status }) => {
          const wanted = spec.replicas ?? status?.desiredNumberScheduled ?? 0;
          return (status?.readyReplicas ?? status?.numberReady ?? 0) === wanted;
        }),
      );
    });
  }

  #kubectl(args: readonly string[]): Promise<string> {
    return this.#lab.kubernetes.plane.kubectl([...args, `--namespace=${METALLB_NAMESPACE}`]);
  }
}
