import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildAgents, startAgent } from './agent.ts';
import { type BareResponder, startBareResponder } from './bare-responder.ts';
import { type LabBfdSpeaker, startBfdSpeaker } from './bfd-speaker.ts';
import { type BgpNode, startBgpNode } from './bgp-node.ts';
import { type BgpSpeaker, startBgpSpeaker } from './bgp-speaker.ts';
import { type BgpTroublemaker, startBgpTroublemaker, type Trouble } from './bgp-troublemaker.ts';
import { type Chorus, startChorus } from './chorus.ts';
import { CleanUp, runBeforeExit } from './cleanup.ts';
import type { Cluster } from './cluster.ts';
import type { DataplaneSync } from './dataplane-sync.ts';
import { until } from './exec.ts';
import { type FakeKubeProxy, startFakeKubeProxy } from './fake-kube-proxy.ts';
import { type Flooder, startFlooder } from './flood.ts';
import { keyFileOf } from './heartbeat-keys.ts';
import type { ProxyMode } from './kubernetes/kube-proxy.ts';
import { type KubernetesParts, startKubernetesState } from './kubernetes/kubernetes-state.ts';
import { RELEASE_NAMESPACE } from './kubernetes/release.ts';
import type { LabPrograms } from './lab-programs.ts';
import { type LabState, startManifestState } from './lab-state.ts';
import { deleteNamespaces, listNamespaces, newLabName, sweepLeftovers } from './namespaces.ts';
import { buildNetwork } from './network.ts';
import {
  type Host,
  ipv4On,
  ipv6On,
  macOn,
  nodeNames,
  numberOf,
  planHosts,
  type Segment,
} from './plan.ts';
import { type PortGuard, startPortGuard } from './port-guard.ts';
import { type Prober, type ProberHost, startProber } from './prober.ts';
import type { Program } from './program.ts';
import { LabSwitch } from './switch.ts';
import {
  type HeldConnections,
  type HoldOptions,
  holdConnections,
  type ProbeOptions,
  startTrafficProbe,
  type TrafficProbe,
} from './traffic.ts';

/** The AS of the lab's routers. */
export const ROUTER_ASN = 64_501;

export type StoreKind = 'manifests' | 'kubernetes';

export interface LabOptions {
  readonly nodes: number;
  /** A second public segment, eth1 of nodes and clients. */
  readonly secondSegment: boolean;
  /** Flags of the node programs beside the lab's own. */
  readonly nodeFlags: readonly string[];
  /** Flags of the node programs and the controller alike. */
  readonly commonFlags: readonly string[];
  /** Of Deckhouse, as both programs are told it. */
  readonly edition: string;
  /** Nodes with a heartbeat key of their own, which no other node holds. */
  readonly ownKey: readonly string[];
  /** Nodes whose wall clock a scenario can set, for their programs alone. */
  readonly ownClock: readonly string[];
  /** Nodes whose programs have a run directory of 256 KiB, which a scenario can fill. */
  readonly smallDisk: readonly string[];
  /** Where the cluster state is. */
  readonly store: StoreKind;
  /** By the stand-in for kube-proxy: false where there are thousands, and only who answers for them is looked at. */
  readonly routesServices: boolean;
  /** Of kube-proxy, which runs beside an API server only. */
  readonly proxyMode: ProxyMode;
  /** The shortest time between two changes of kube-proxy's rules. */
  readonly proxyMinSyncMs: number;
  /**
   * Values of the chart: the programs are then Pods of the module, which helm has installed and the lab's kubelets run
   * from its images. Without it the lab starts the programs itself.
   */
  readonly release: object | undefined;
  /** Of the release. */
  readonly releaseNamespace: string;
}

const DEFAULT_LAB: LabOptions = {
  nodes: 3,
  secondSegment: false,
  nodeFlags: [],
  commonFlags: [],
  edition: 'CE',
  ownKey: [],
  ownClock: [],
  smallDisk: [],
  store: 'manifests',
  routesServices: true,
  proxyMode: 'nftables',
  // A second where nobody sets it, which is not what most scenarios are about.
  proxyMinSyncMs: 50,
  release: undefined,
  releaseNamespace: RELEASE_NAMESPACE,
};

/** A network of namespaces with the programs in it. Nothing runs yet but pods, probers and the switch. */
export class Lab {
  readonly name: string;
  readonly options: LabOptions;
  /** Logs, captures, manifests. */
  readonly directory: string;
  readonly nodes: readonly string[];
  readonly switch: LabSwitch;
  readonly cluster: Cluster;
  readonly prober: Prober;
  readonly #kubernetes: KubernetesParts | undefined;
  readonly #dataplane: DataplaneSync | undefined;
  readonly #programs: LabPrograms;
  readonly #agentDirectory: string;
  readonly #cleanUp: CleanUp;
  readonly #temporary = new Set<{ stop(): unknown }>();

  constructor(parts: LabParts) {
    this.name = parts.name;
    this.options = parts.options;
    this.directory = parts.directory;
    this.nodes = nodeNames(parts.options.nodes);
    this.switch = new LabSwitch(`${parts.name}-sw`);
    this.cluster = parts.cluster;
    this.prober = parts.prober;
    this.#kubernetes = parts.kubernetes;
    this.#dataplane = parts.dataplane;
    this.#programs = parts.programs;
    this.#agentDirectory = parts.agentDirectory;
    this.#cleanUp = parts.cleanUp;
  }

  namespace(host: string): string {
    return `${this.name}-${host}`;
  }

  /** The node program of a node. */
  program(node: string): Program {
    return this.#programs.node(node);
  }

  get controller(): Program {
    return this.#programs.controller;
  }

  /** The control plane and what else a real cluster has. @throws in a lab without an API server */
  get kubernetes(): KubernetesParts {
    if (this.#kubernetes === undefined) throw new Error('this lab has no API server');
    return this.#kubernetes;
  }

  /** Waits until the stand-in for kube-proxy, where there is one, leads packets to an IP to pods. */
  async leads(ip: string): Promise<void> {
    const what = `packets to ${ip} led to pods`;
    await until({ what, deadlineMs: 5_000 }, () => this.#dataplane?.leads(ip) ?? true);
  }

  programs(): readonly Program[] {
    return this.#programs.all();
  }

  /** A node's MAC on the public segment. */
  macOf(node: string): string {
    return macOn('public', numberOf(node));
  }

  /** Probes until `endScenario` or until it is stopped. */
  async probe(
    ips: readonly string[],
    host = 'client',
    options: ProbeOptions = {},
  ): Promise<TrafficProbe> {
    return this.#untilEndOfScenario(await startTrafficProbe(this.#where(host), ips, options));
  }

  async hold(
    ips: readonly string[],
    { host = 'client', ...options }: HoldOptions = {},
  ): Promise<HeldConnections> {
    return this.#untilEndOfScenario(await holdConnections(this.#where(host), ips, options));
  }

  /** A prober on the second segment. */
  secondProber(): Promise<Prober> {
    return this.proberOn('prober', 'second');
  }

  /** A prober on another host, for frames that come from there. */
  async proberOn(name: string, segment: Segment = 'public'): Promise<Prober> {
    const hosts = planHosts(this.options.nodes, this.options.secondSegment);
    return this.proberAt(name, proberHost(hosts, name, segment));
  }

  /** A prober on an interface that the scenario has made. */
  async proberAt(name: string, host: ProberHost): Promise<Prober> {
    return this.#untilEndOfScenario(await startProber(this.#where(name), host));
  }

  /** A host that sends more than anybody can read. */
  async flooderOn(name: string): Promise<Flooder> {
    return this.#untilEndOfScenario(await startFlooder(this.#where(name)));
  }

  /** A host that speaks for many more nodes. */
  async chorusOn(name: string, voices: number): Promise<Chorus> {
    const keyFile = keyFileOf(this.directory, this.nodes[0] ?? '');
    return this.#untilEndOfScenario(await startChorus(this.#where(name), keyFile, voices));
  }

  /** Another ARP responder on a host, to be measured beside the nodes. */
  async bareResponderOn(name: string, ip: string): Promise<BareResponder> {
    const { mac } = proberHost(
      planHosts(this.options.nodes, this.options.secondSegment),
      name,
      'public',
    );
    return this.#untilEndOfScenario(await startBareResponder(this.#where(name), mac, ip));
  }

  /** The product's BGP by itself, without Services. */
  async bgpSpeakerOn(name: string): Promise<BgpSpeaker> {
    return this.#untilEndOfScenario(await startBgpSpeaker(this.#where(name)));
  }

  /** All BGP sessions of a node, as its speaker has them. */
  async bgpNodeOn(name: string): Promise<BgpNode> {
    return this.#untilEndOfScenario(await startBgpNode(this.#where(name)));
  }

  /** A router that does what no router should. */
  async bgpTroublemakerOn(name: string, trouble: Trouble): Promise<BgpTroublemaker> {
    const { ipv4 } = proberHost(planHosts(this.options.nodes, false), name, 'public');
    const as = { trouble, asn: ROUTER_ASN, id: ipv4 };
    return this.#untilEndOfScenario(await startBgpTroublemaker(this.#where(name), as));
  }

  /** The product's BFD on a host. */
  async bfdSpeakerOn(name: string): Promise<LabBfdSpeaker> {
    return this.#untilEndOfScenario(await startBfdSpeaker(this.#where(name)));
  }

  /** Watches the switch's port of each node, and shuts one whose node sends too many ARP broadcasts. */
  async guardPorts(framesPerSecond: number): Promise<PortGuard> {
    const guarded = this.nodes.map((node) => ({ node, mac: this.macOf(node) }));
    return this.#untilEndOfScenario(
      await startPortGuard(this.#where('sw'), guarded, framesPerSecond),
    );
  }

  /** Metrics of a kube-proxy on a node, which say what the scenario wants. */
  async kubeProxyOn(node: string): Promise<FakeKubeProxy> {
    return this.#untilEndOfScenario(await startFakeKubeProxy(this.#where(node)));
  }

  /** Ends the probes and connections that a scenario has left running. */
  endScenario(): void {
    for (const one of this.#temporary) one.stop();
    this.#temporary.clear();
  }

  /** Ends everything and leaves nothing behind. Idempotent. */
  stop(): Promise<void> {
    return this.#cleanUp.run();
  }

  #where(host: string): { directory: string; namespace: string } {
    return { directory: this.#agentDirectory, namespace: this.namespace(host) };
  }

  #untilEndOfScenario<One extends { stop(): unknown }>(one: One): One {
    this.#temporary.add(one);
    return one;
  }
}

interface LabParts extends LabState {
  readonly name: string;
  readonly options: LabOptions;
  readonly directory: string;
  readonly prober: Prober;
  readonly agentDirectory: string;
  readonly cleanUp: CleanUp;
}

/** Builds a lab; on failure nothing stays. Leftovers of killed labs are removed first. */
export async function startLab(wish: Partial<LabOptions> = {}): Promise<Lab> {
  await sweepLeftovers();
  const cleanUp = new CleanUp();
  runBeforeExit(cleanUp);
  try {
    return await assemble({ ...DEFAULT_LAB, ...wish }, cleanUp);
  } catch (error) {
    await cleanUp.run();
    throw error;
  }
}

async function assemble(options: LabOptions, cleanUp: CleanUp): Promise<Lab> {
  const name = newLabName();
  const directory = await mkdtemp(join(tmpdir(), `${name}-`));
  await chmod(directory, 0o755); // the programs run as another user
  cleanUp.push(() => rm(directory, { recursive: true, force: true }));
  cleanUp.push(async () => deleteNamespaces(await listNamespaces(name)));
  const hosts = await buildNetwork(name, options);
  const agentDirectory = join(directory, 'agents');
  buildAgents(agentDirectory);
  await startPods(name, agentDirectory, hosts);
  const prober = await startProber(
    { directory: agentDirectory, namespace: `${name}-prober` },
    proberHost(hosts, 'prober', 'public'),
  );
  const startState = options.store === 'kubernetes' ? startKubernetesState : startManifestState;
  const surroundings = { labName: name, directory, agentDirectory, options, cleanUp };
  const state = await startState(surroundings);
  return new Lab({
    name,
    options,
    directory,
    prober,
    agentDirectory,
    cleanUp,
    ...state,
  });
}

async function startPods(
  labName: string,
  directory: string,
  hosts: readonly Host[],
): Promise<void> {
  const pods = hosts.map((host) => host.name).filter((host) => /^(?:pod\d+|backend)$/.test(host));
  await Promise.all(
    pods.map((pod) =>
      startAgent({ kind: 'pod', directory, namespace: `${labName}-${pod}`, args: [pod] }),
    ),
  );
}

function proberHost(hosts: readonly Host[], name: string, segment: Segment): ProberHost {
  const at = hosts
    .find((host) => host.name === name)
    ?.attachments.find((attachment) => attachment.segment === segment);
  if (at === undefined) throw new Error(`the plan has no ${name} on the segment ${segment}`);
  return {
    interfaceName: at.interfaceName,
    mac: macOn(at.segment, at.hostNumber),
    ipv4: ipv4On(at.segment, at.hostNumber),
    ipv6: ipv6On(at.segment, at.hostNumber),
  };
}
