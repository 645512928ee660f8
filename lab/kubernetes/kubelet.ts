import { join } from 'node:path';
import { delay } from '../exec.ts';
import { deleteNamespaces } from '../namespaces.ts';
import { addHost } from '../network.ts';
import { ipv4On, podAddresses } from '../plan.ts';
import type { Program } from '../program.ts';
import { type Api, PATCH } from './api.ts';
import { STANDS_FOR } from './backend-pods.ts';
import type { ImageConfig } from './container.ts';
import { collectionPath, objectPath } from './kinds.ts';
import type { Pod } from './pod.ts';
import { RunningPod } from './running-pod.ts';
import { chooseNode, type NodeLabels } from './scheduler.ts';
import { ServiceAccountTokens } from './service-account-tokens.ts';

export interface KubeletPorts {
  readonly api: Api;
  readonly labName: string;
  /** Others may run Pods of the same names. */
  readonly releaseNamespace: string;
  readonly directory: string;
  readonly apiServer: { readonly host: string; readonly port: number };
  /** The files of an image. */
  readonly imageOf: (name: string) => Promise<ImageConfig>;
}

const LOOK_EVERY_MS = 200;
/** A kubelet waits longer each time; what a Pod needs may come after it, as a new namespace's certificate does. */
const START_AGAIN_AFTER_MS = 1_000;
/** A kubelet takes a minute; what is tested here is that new content is taken while a program runs. */
const REFRESH_VOLUMES_EVERY_MS = 2_000;
/** Pods that are not on their node's network have a namespace and one of these numbers each. */
const POD_HOSTS = Array.from({ length: 40 }, (_, index) => 110 + index);

interface Entry {
  readonly running: RunningPod;
  readonly hostNumber: number | undefined;
  lastStatus: string;
}

/**
 * Scheduler and kubelets of all nodes: gives Pods to nodes, runs their containers from their images, asks their probes,
 * restarts what ends and tells the API server. Everything else of a cluster's life is the real controller manager's.
 */
export class Kubelets {
  /** Containers that liveness probes have condemned, `POD/CONTAINER`, in their order. */
  readonly condemned: string[] = [];
  readonly #ports: KubeletPorts;
  readonly #pods = new Map<string, Entry>();
  readonly #stopping = new Set<string>();
  /** Pods that did not start, by uid. */
  readonly #failed = new Map<string, { readonly why: string; readonly atMs: number }>();
  readonly #freeHosts = [...POD_HOSTS];
  readonly #tokens: ServiceAccountTokens;
  #loops: Promise<unknown> | undefined;
  #stopped = false;

  constructor(ports: KubeletPorts) {
    this.#ports = ports;
    this.#tokens = new ServiceAccountTokens(ports.api);
  }

  start(): void {
    this.#loops ??= Promise.all([this.#run(), this.#refreshVolumes()]);
  }

  /** Containers live on, and every token that Pods have is asked for again: kubelets keep them in memory. */
  restart(): void {
    this.#tokens.forget();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#loops;
    for (const { running } of this.#pods.values()) await running.kill();
  }

  /**
   * Programs of the Pods that a workload owns now, by Pod. @param prefix of the Pods' names
   * @param namespace of the release when absent
   */
  programs(prefix: string, namespace = this.#ports.releaseNamespace): ReadonlyMap<string, Program> {
    const found = [...this.#pods.values()].filter(
      ({ running: { pod } }) =>
        pod.metadata.namespace === namespace && pod.metadata.name.startsWith(prefix),
    );
    return new Map(
      found.flatMap(({ running }) => {
        const { program } = running;
        return program === undefined ? [] : [[running.pod.metadata.name, program]];
      }),
    );
  }

  /** What the Pods of a workload have logged last. */
  lastWords(prefix: string, namespace?: string): string[] {
    return [...this.programs(prefix, namespace)].flatMap(([name, program]) => [
      `${name}: ${program.running ? 'runs' : 'has ended'}`,
      ...program.lastLogLines(5),
    ]);
  }

  /** The program of the release's Pod on a node. @param container the first one when absent */
  programOn(node: string, prefix: string, container?: string): Program {
    for (const { running } of this.#pods.values()) {
      const { metadata, spec } = running.pod;
      if (metadata.namespace !== this.#ports.releaseNamespace) continue;
      if (spec.nodeName !== node || !metadata.name.startsWith(prefix)) continue;
      const program = container === undefined ? running.program : running.programOf(container);
      if (program !== undefined) return program;
    }
    throw new Error(`no Pod ${prefix}… runs ${container ?? 'anything'} on ${node}`);
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      // The API server may be away: what runs goes on, as on a real node.
      await this.#look().catch((error: unknown) => {
        process.stderr.write(`lab kubelet: ${String(error)}\n`);
      });
      await delay(LOOK_EVERY_MS);
    }
  }

  /** Of one Pod after the other, as kubelets don't look at the same moment. */
  async #refreshVolumes(): Promise<void> {
    while (!this.#stopped) {
      const pods = [...this.#pods.values()];
      for (const { running } of pods) {
        if (this.#stopped) return;
        await this.#refreshVolumesOf(running);
        await delay(REFRESH_VOLUMES_EVERY_MS / pods.length);
      }
      if (pods.length === 0) await delay(LOOK_EVERY_MS);
    }
  }

  async #refreshVolumesOf(running: RunningPod): Promise<void> {
    const { name, uid } = running.pod.metadata;
    if (!this.#pods.has(uid) || this.#stopping.has(uid)) return;
    // Where that fails, containers keep what they have, as on a real node.
    await running.refreshVolumes().catch((error: unknown) => {
      process.stderr.write(`lab kubelet: volumes of Pod ${name}: ${String(error)}\n`);
    });
  }

  async #look(): Promise<void> {
    for (const entry of this.#pods.values()) {
      if (!this.#stopping.has(entry.running.pod.metadata.uid)) await entry.running.look();
    }
    const { items } = (await this.#ports.api.get(collectionPath('Pod'))) as { items: Pod[] };
    for (const pod of items) await this.#bring(pod);
    const present = new Set(items.map((pod) => pod.metadata.uid));
    for (const [uid, entry] of this.#pods) if (!present.has(uid)) await this.#forget(uid, entry);
    for (const uid of this.#failed.keys()) if (!present.has(uid)) this.#failed.delete(uid);
  }

  async #bring(pod: Pod): Promise<void> {
    const { uid, deletionTimestamp } = pod.metadata;
    if (pod.spec.nodeName === undefined) {
      if (deletionTimestamp === undefined) await this.#bind(pod);
      return;
    }
    const entry = this.#pods.get(uid);
    if (deletionTimestamp !== undefined) {
      if (!this.#stopping.has(uid)) void this.#end(pod, entry);
      return;
    }
    if (entry !== undefined) await this.#tell(entry);
    else if (this.#mayStart(uid)) await this.#start(pod);
  }

  async #bind(pod: Pod): Promise<void> {
    const [nodes, pods] = (await Promise.all(
      ['Node', 'Pod'].map((kind) => this.#ports.api.get(collectionPath(kind))),
    )) as [{ items: NodeLabels[] }, { items: Pod[] }];
    const node = chooseNode(pod, nodes.items, pods.items);
    if (node === undefined) return;
    const { name, namespace } = pod.metadata;
    await this.#ports.api.send('POST', `${objectPath('Pod', name, namespace)}/binding`, {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name, namespace },
      target: { apiVersion: 'v1', kind: 'Node', name: node },
    });
  }

  async #start(pod: Pod): Promise<void> {
    const { labName, directory, api, apiServer, imageOf } = this.#ports;
    const standsFor = pod.metadata.annotations?.[STANDS_FOR];
    if (standsFor !== undefined) return this.#tellBackend(pod, standsFor);
    const node = pod.spec.nodeName ?? '';
    const hostIp = await this.#internalIp(node);
    const network = pod.spec.hostNetwork
      ? { namespace: `${labName}-${node}`, podIp: hostIp, hostNumber: undefined }
      : await this.#network();
    const { hostNumber, ...place } = network;
    const nodeDirectory = join(directory, `node-${node}`);
    const running = new RunningPod(pod, {
      ...{ api, apiServer, imageOf, tokens: this.#tokens, ...place, hostIp, nodeDirectory },
      directory: join(directory, `pod-${pod.metadata.uid}`),
      onCondemned: (container) => void this.condemned.push(container),
    });
    const entry: Entry = { running, hostNumber, lastStatus: '' };
    this.#pods.set(pod.metadata.uid, entry);
    try {
      await running.start();
    } catch (error) {
      await this.#failedToStart(entry, String(error));
      return;
    }
    this.#failed.delete(pod.metadata.uid);
    await this.#tell(entry);
  }

  #mayStart(uid: string): boolean {
    const { atMs } = this.#failed.get(uid) ?? { atMs: Number.NEGATIVE_INFINITY };
    return performance.now() - atMs >= START_AGAIN_AFTER_MS;
  }

  async #failedToStart(entry: Entry, why: string): Promise<void> {
    const { uid, name } = entry.running.pod.metadata;
    if (this.#failed.get(uid)?.why !== why) {
      process.stderr.write(`lab kubelet: Pod ${name}: ${why}\n`);
    }
    this.#failed.set(uid, { why, atMs: performance.now() });
    await this.#forget(uid, entry);
  }

  async #internalIp(node: string): Promise<string> {
    const { status } = (await this.#ports.api.get(objectPath('Node', node))) as {
      status?: { addresses?: { type: string; address: string }[] };
    };
    return status?.addresses?.find(({ type }) => type === 'InternalIP')?.address ?? '';
  }

  /** It runs already: it is a host of the lab. */
  async #tellBackend(pod: Pod, host: string): Promise<void> {
    const { name, namespace } = pod.metadata;
    if (pod.status?.podIP !== undefined) return;
    const { IPv4, IPv6 } = podAddresses(host);
    const conditions = ['PodScheduled', 'Ready'].map((type) => ({ type, status: 'True' }));
    const podIPs = [{ ip: IPv4 }, { ip: IPv6 }];
    const status = { phase: 'Running', podIP: IPv4, podIPs, conditions };
    const path = `${objectPath('Pod', name, namespace)}/status`;
    await this.#ports.api.send('PATCH', path, { status }, PATCH.strategicMerge);
  }

  /** A namespace on the management segment. */
  async #network(): Promise<{ namespace: string; podIp: string; hostNumber: number }> {
    const hostNumber = this.#freeHosts.shift();
    if (hostNumber === undefined) throw new Error('the lab has no more addresses for Pods');
    const name = `p${hostNumber}`;
    const attachment = { segment: 'management', interfaceName: 'mgmt0', hostNumber } as const;
    await addHost(this.#ports.labName, { name, attachments: [attachment] });
    const podIp = ipv4On('management', hostNumber);
    return { namespace: `${this.#ports.labName}-${name}`, podIp, hostNumber };
  }

  async #tell(entry: Entry): Promise<void> {
    const status = entry.running.status();
    const text = JSON.stringify(status);
    if (text === entry.lastStatus) return;
    const { name, namespace } = entry.running.pod.metadata;
    const path = `${objectPath('Pod', name, namespace)}/status`;
    await this.#ports.api.send('PATCH', path, { status }, PATCH.strategicMerge);
    entry.lastStatus = text;
  }

  /** Not awaited: others go on while a Pod takes its grace period. */
  async #end(pod: Pod, entry: Entry | undefined): Promise<void> {
    const { uid, name, namespace, deletionGracePeriodSeconds } = pod.metadata;
    this.#stopping.add(uid);
    try {
      await entry?.running.stop((deletionGracePeriodSeconds ?? 30) * 1_000);
      const options = { gracePeriodSeconds: 0, preconditions: { uid } };
      await this.#ports.api.ask('DELETE', objectPath('Pod', name, namespace), options);
    } catch (error) {
      // The API server is away: the Pod is still to be deleted when it is back, and asked for again.
      process.stderr.write(`lab kubelet: Pod ${name}: ${String(error)}\n`);
    } finally {
      this.#stopping.delete(uid);
      if (entry !== undefined) await this.#forget(uid, entry);
    }
  }

  /** Its namespace goes too. */
  async #forget(uid: string, { running, hostNumber }: Entry): Promise<void> {
    this.#pods.delete(uid);
    await running.kill();
    if (hostNumber === undefined) return;
    await deleteNamespaces([`${this.#ports.labName}-p${hostNumber}`]);
    this.#freeHosts.push(hostNumber);
  }
}
