import type { Cluster, ClusterObject } from './cluster.ts';
import { programDataplane, type ServiceRoute } from './dataplane.ts';
import { delay } from './exec.ts';

const LOOK_EVERY_MS = 20;

/** Keeps every node's stand-in for kube-proxy as the cluster's Services and EndpointSlices have it. */
export class DataplaneSync {
  readonly #cluster: Cluster;
  readonly #namespaceByNode: ReadonlyMap<string, string>;
  #programmed = '';
  #seenRevision = '';
  #running: Promise<void> | undefined;
  #stopped = false;

  constructor(cluster: Cluster, namespaceByNode: ReadonlyMap<string, string>) {
    this.#cluster = cluster;
    this.#namespaceByNode = namespaceByNode;
  }

  start(): void {
    this.#running ??= this.#loop();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #loop(): Promise<void> {
    while (!this.#stopped) {
      // An error here belongs to no scenario; one that needs the rules misses them.
      await this.sync().catch((error: unknown) => {
        process.stderr.write(`stand-in for kube-proxy: ${String(error)}\n`);
      });
      await delay(LOOK_EVERY_MS);
    }
  }

  /** Whether every node leads packets to the IP to pods by now. */
  leads(ip: string): boolean {
    return this.#programmed.includes(JSON.stringify(ip));
  }

  /** Writes the rules when something has changed; without cluster state the last ones stay. */
  async sync(): Promise<void> {
    const revision = await this.#cluster.revision();
    if (revision === undefined || revision === this.#seenRevision) return;
    this.#seenRevision = revision;
    const [services, slices] = await Promise.all([
      this.#cluster.list('Service'),
      this.#cluster.list('EndpointSlice'),
    ]);
    const routes = services.map((service) => routeOf(service, slices));
    const wanted = JSON.stringify(routes);
    if (wanted === this.#programmed) return;
    await Promise.all(
      [...this.#namespaceByNode].map(([node, namespace]) =>
        programDataplane(namespace, node, routes),
      ),
    );
    this.#programmed = wanted;
  }
}

/** The assigned IPs of a Service, in the order of its status. */
export function ingressIps(service: ClusterObject | undefined): string[] {
  const balancer = service?.status?.['loadBalancer'] as { ingress?: { ip: string }[] } | undefined;
  return (balancer?.ingress ?? []).map((one) => one.ip);
}

function routeOf(service: ClusterObject, slices: readonly ClusterObject[]): ServiceRoute {
  const ports = (service.spec?.['ports'] ?? []) as {
    protocol?: string;
    port: number;
    targetPort?: number;
  }[];
  return {
    ips: ingressIps(service),
    externalTrafficPolicy:
      service.spec?.['externalTrafficPolicy'] === 'Local' ? 'Local' : 'Cluster',
    ports: ports.map(({ protocol, port, targetPort }) => ({
      protocol: protocol === 'UDP' ? ('udp' as const) : ('tcp' as const),
      port,
      targetPort: targetPort ?? port,
    })),
    endpoints: slices.filter((slice) => belongsTo(slice, service)).flatMap(endpointsOf),
  };
}

function belongsTo(slice: ClusterObject, service: ClusterObject): boolean {
  return (
    slice.metadata.labels?.['kubernetes.io/service-name'] === service.metadata.name &&
    (slice.metadata.namespace ?? 'default') === (service.metadata.namespace ?? 'default')
  );
}

function endpointsOf(slice: ClusterObject): { ip: string; node: string | undefined }[] {
  const endpoints = (slice['endpoints'] ?? []) as {
    addresses: string[];
    nodeName?: string;
    conditions?: { ready?: boolean };
  }[];
  return endpoints
    .filter((endpoint) => endpoint.conditions?.ready !== false)
    .flatMap((endpoint) => endpoint.addresses.map((ip) => ({ ip, node: endpoint.nodeName })));
}
