import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../exec.ts';
import { Program } from '../program.ts';
import type { Api } from './api.ts';
import { containerCommand, type ImageConfig } from './container.ts';
import type { Container, Pod } from './pod.ts';
import { unknownFields } from './pod-fields.ts';
import { type ContainerRun, isDone, phaseOf } from './pod-phase.ts';
import { ProbeState } from './probe.ts';
import type { ServiceAccountTokens } from './service-account-tokens.ts';
import { PodVolumes } from './volumes.ts';

/** What a Pod runs in. */
export interface PodSurroundings {
  readonly api: Api;
  readonly tokens: ServiceAccountTokens;
  readonly namespace: string;
  readonly podIp: string;
  readonly hostIp: string;
  /** Of this Pod alone. */
  readonly directory: string;
  /** Disk and logs of its node. */
  readonly nodeDirectory: string;
  readonly apiServer: { readonly host: string; readonly port: number };
  readonly imageOf: (name: string) => Promise<ImageConfig>;
  /** A liveness probe has failed too often: the container is restarted. */
  readonly onCondemned: (container: string) => void;
}

interface RunningContainer {
  readonly spec: Container;
  readonly program: Program;
  startedAt: Date;
  liveness: ProbeState | undefined;
  readiness: ProbeState | undefined;
  restarts: number;
  /** Of its last run, once it was seen to be over. */
  finishedAt: Date | undefined;
}

/** A kubelet waits 10 s and longer; what is tested here is that it restarts. */
const RESTART_PAUSE_MS = 1_000;
/** What a kubelet leaves a sidecar when the others have used up the grace period. */
const LAST_GRACE_MS = 2_000;

/** A Pod on its node: its volumes, its containers' processes, its probes. */
export class RunningPod {
  readonly pod: Pod;
  readonly #at: PodSurroundings;
  readonly #volumes: PodVolumes;
  #containers: readonly RunningContainer[] = [];
  readonly #sidecars: RunningContainer[] = [];
  /** Of its readiness: what a rollout waits for counts from then. */
  #change = { isReady: false, at: timestamp(new Date()) };

  constructor(pod: Pod, at: PodSurroundings) {
    this.pod = pod;
    this.#at = at;
    this.#volumes = new PodVolumes(pod, {
      ...{ api: at.api, tokens: at.tokens, nodeDirectory: at.nodeDirectory },
      podDirectory: join(at.directory, 'volumes'),
      field: (path) => this.#field(path),
    });
  }

  /** The program of the first container, once it has started. */
  get program(): Program | undefined {
    return this.#containers[0]?.program;
  }

  /** The program of a container or sidecar, once it has started. */
  programOf(container: string): Program | undefined {
    return this.#all.find(({ spec }) => spec.name === container)?.program;
  }

  get ready(): boolean {
    return this.#containers.length > 0 && this.#all.every(isContainerReady);
  }

  /** @throws for what a kubelet would do and the lab's does not */
  async start(): Promise<void> {
    const { spec } = this.pod;
    const unknown = unknownFields(spec);
    if (unknown.length > 0) throw new Error(`the lab does nothing about ${unknown.join(', ')}`);
    await mkdir(this.#at.directory, { recursive: true });
    await mkdir(this.#at.nodeDirectory, { recursive: true });
    await this.#volumes.make();
    for (const container of spec.initContainers ?? []) {
      if (container.restartPolicy === 'Always') this.#sidecars.push(await this.#run(container));
      else
        await run(['ip', 'netns', 'exec', this.#at.namespace, ...(await this.#command(container))]);
    }
    const containers: RunningContainer[] = [];
    for (const container of spec.containers) containers.push(await this.#run(container));
    this.#containers = containers;
  }

  /** Asks probes that are due and restarts what has ended or is condemned. */
  async look(): Promise<void> {
    for (const container of this.#all) {
      if (container.program.running) {
        await container.liveness?.askWhenDue();
        await container.readiness?.askWhenDue();
        if (!container.liveness?.failed) continue;
        this.#at.onCondemned(container.program.name);
        await container.program.stop(this.#graceMs).catch(() => undefined);
      }
      container.finishedAt ??= new Date();
      if (this.#isDone(container)) continue;
      if (Date.now() - container.startedAt.getTime() < RESTART_PAUSE_MS) continue;
      container.restarts += 1;
      container.startedAt = new Date();
      container.finishedAt = undefined;
      this.#watch(container);
      container.program.start();
    }
  }

  /** Secrets, ConfigMaps and tokens as they are now, where no `subPath` leads past the volume. */
  refreshVolumes(): Promise<void> {
    return this.#volumes.refresh();
  }

  /** SIGTERM, and SIGKILL when the grace period is over. */
  async stop(graceMs = this.#graceMs): Promise<void> {
    const endsAt = performance.now() + graceMs;
    await Promise.all(
      this.#containers.map(({ program }) => program.stop(graceMs).catch(() => undefined)),
    );
    for (const { program } of this.#sidecars.toReversed()) {
      const leftMs = Math.max(LAST_GRACE_MS, Math.ceil(endsAt - performance.now()));
      await program.stop(leftMs).catch(() => undefined);
    }
    await rm(this.#at.directory, { recursive: true, force: true });
  }

  async kill(): Promise<void> {
    for (const { program } of this.#all) await program.killTree();
  }

  /** As a kubelet reports it. */
  status(): unknown {
    const { podIp, hostIp } = this.#at;
    const isReady = this.ready;
    if (isReady !== this.#change.isReady) this.#change = { isReady, at: timestamp(new Date()) };
    const ready = isReady ? 'True' : 'False';
    return {
      phase: phaseOf(this.#containers.map(lastRunOf), this.pod.spec.restartPolicy),
      podIP: podIp,
      podIPs: [{ ip: podIp }],
      hostIP: hostIp,
      hostIPs: [{ ip: hostIp }],
      conditions: ['Initialized', 'PodScheduled', 'Ready', 'ContainersReady'].map((type) => ({
        type,
        status: type.endsWith('eady') ? ready : 'True',
        lastTransitionTime: this.#change.at,
      })),
      initContainerStatuses: this.#sidecars.map((one) => this.#statusOf(one)),
      containerStatuses: this.#containers.map((one) => this.#statusOf(one)),
    };
  }

  #statusOf(container: RunningContainer): object {
    const { spec, program, restarts, startedAt } = container;
    return {
      ...{ name: spec.name, image: spec.image, imageID: spec.image },
      ready: isContainerReady(container),
      started: program.running,
      restartCount: restarts,
      state: this.#isDone(container)
        ? { terminated: terminationOf(container) }
        : { running: { startedAt: timestamp(startedAt) } },
    };
  }

  /** In the order in which they start. */
  get #all(): readonly RunningContainer[] {
    return [...this.#sidecars, ...this.#containers];
  }

  #isDone(container: RunningContainer): boolean {
    const { restartPolicy = this.pod.spec.restartPolicy } = container.spec;
    return isDone(lastRunOf(container), restartPolicy);
  }

  get #graceMs(): number {
    return (this.pod.spec.terminationGracePeriodSeconds ?? 30) * 1_000;
  }

  async #run(spec: Container): Promise<RunningContainer> {
    const { name } = this.pod.metadata;
    const program = new Program({
      name: `${name}/${spec.name}`,
      namespace: this.#at.namespace,
      command: await this.#command(spec),
      logFile: join(this.#at.nodeDirectory, `${name}-${spec.name}.log`),
    });
    const running = { spec, program, startedAt: new Date(), restarts: 0, finishedAt: undefined };
    const container: RunningContainer = { ...running, liveness: undefined, readiness: undefined };
    this.#watch(container);
    program.start();
    return container;
  }

  #watch(container: RunningContainer): void {
    const where = { namespace: this.#at.namespace, podIp: this.#at.podIp };
    const { livenessProbe, readinessProbe } = container.spec;
    const state = (probe: typeof livenessProbe) =>
      probe && new ProbeState(probe, { ...where, container: container.spec });
    container.liveness = state(livenessProbe);
    container.readiness = state(readinessProbe);
  }

  async #command(container: Container): Promise<string[]> {
    const { directory, apiServer } = this.#at;
    const image = await this.#at.imageOf(container.image);
    const own = join(directory, container.name);
    await mkdir(own, { recursive: true });
    return containerCommand({
      ...{ pod: this.pod, container, image, directory: own },
      volumes: this.#volumes.directories,
      field: (path) => this.#field(path),
      environment: {
        KUBERNETES_SERVICE_HOST: apiServer.host,
        KUBERNETES_SERVICE_PORT: String(apiServer.port),
        HOSTNAME: this.pod.metadata.name,
      },
    });
  }

  /** The downward API. @throws for a field that it does not have */
  #field(path: string): string {
    const { metadata, spec } = this.pod;
    const value = {
      'metadata.name': metadata.name,
      'metadata.namespace': metadata.namespace,
      'metadata.uid': metadata.uid,
      'spec.nodeName': spec.nodeName,
      'spec.serviceAccountName': spec.serviceAccountName,
      'status.podIP': this.#at.podIp,
      'status.hostIP': this.#at.hostIp,
    }[path];
    if (value === undefined) throw new Error(`the downward API has no ${path}`);
    return value;
  }
}

function isContainerReady({ program, readiness }: RunningContainer): boolean {
  return program.running && (readiness?.succeeds ?? true);
}

function lastRunOf({ program, finishedAt }: RunningContainer): ContainerRun {
  return { exitCode: finishedAt === undefined ? undefined : program.exitCode };
}

function terminationOf({ program, startedAt, finishedAt = new Date() }: RunningContainer): object {
  const { exitCode = 0 } = program;
  return {
    exitCode,
    reason: exitCode === 0 ? 'Completed' : 'Error',
    startedAt: timestamp(startedAt),
    finishedAt: timestamp(finishedAt),
  };
}

/** As Kubernetes writes it: whole seconds. */
function timestamp(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, 'Z');
}
