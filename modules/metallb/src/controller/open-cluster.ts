import { hostname } from 'node:os';
import { formatProblems } from '../api/problem.ts';
import { type ApiClient, type ConnectedClient, connect } from '../kube/api-client.ts';
import { ConfigurationError } from '../kube/errors.ts';
import { KubeEventSink } from '../kube/event-sink.ts';
import { withInterruptibleWrites } from '../kube/interruptible-writes.ts';
import { KubeStore } from '../kube/kube-store.ts';
import { KubeLease } from '../kube/leases.ts';
import { ManifestStore } from '../manifests/manifest-store.ts';
import { formatManifestProblem } from '../manifests/parse-documents.ts';
import type { ControllerSettings } from '../settings/controller-settings.ts';
import { UsageError } from '../settings/settings.ts';
import { type EventSink, loggedEvents } from '../store/event-sink.ts';
import type { LeaseLock } from '../store/lease.ts';
import type { Store } from '../store/store.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Clock } from '../time/clock.ts';
import { type OldConfigMap, withOldConfigMap } from './old-config-map.ts';

/** What `--store` names, as the controller may use it. */
export interface Cluster {
  readonly store: Store;
  /** Gives up writes that are on their way. */
  readonly interruptWrites: () => void;
  /** What replicas compete for; undefined where there can be only one. */
  readonly lease: LeaseLock | undefined;
  readonly events: EventSink;
  /** For what is no part of the cluster state; undefined where there is no API server. */
  readonly api: { readonly client: ApiClient; readonly namespace: string } | undefined;
}

export interface ClusterPorts {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly log: Logger;
  /** Whether this process may write at this moment. */
  readonly leads: () => boolean;
  /** What there is to say of the ConfigMap of an older MetalLB, each time that another version is read. */
  readonly onConfigMap: (read: OldConfigMap) => void;
}

const LEASE_NAME = 'metallb-controller';
/** Where neither a pod nor a kubeconfig says in which namespace this is. */
const NAMESPACE = 'default';

/** @throws UsageError */
export function openCluster(settings: ControllerSettings, ports: ClusterPorts): Cluster {
  const cluster = openStored(settings, ports);
  const store = withOldConfigMap(cluster.store, settings.legacyConfigMap, (read) => {
    const { problems } = read;
    ports.onConfigMap(read);
    if (problems.length === 0) return;
    ports.log.warn('ConfigMap is wrong', { problem: formatProblems(problems) });
  });
  return { ...cluster, store };
}

function openStored({ store }: ControllerSettings, ports: ClusterPorts): Cluster {
  if (store.kind === 'kubernetes') return openKubernetes(ports);
  const { clock, log } = ports;
  const manifests = new ManifestStore({
    directory: store.directory,
    writer: { role: 'controller' },
    clock,
    onProblem: (problem) =>
      log.warn('manifest is wrong', { problem: formatManifestProblem(problem) }),
  });
  const events = loggedEvents((facts) => log.info('event', facts));
  return { store: manifests, interruptWrites: () => {}, lease: undefined, events, api: undefined };
}

function openKubernetes({ clock, random, log, leads }: ClusterPorts): Cluster {
  // Renewals go their own way: they must not wait behind writes, nor for the right to write.
  const own = connectTo({ clock });
  const client = withInterruptibleWrites(connectTo({ clock, mayWrite: leads }));
  const { namespace = NAMESPACE } = own;
  return {
    store: new KubeStore({
      client,
      clock,
      random,
      onUnreadable: (kind, error) => log.warn('watch can not be read', { kind, error }),
      onUndefined: (kind) =>
        log.info('kind is not defined, so there are no objects of it', { kind }),
    }),
    interruptWrites: client.interruptWrites,
    lease: new KubeLease(own, { namespace, name: LEASE_NAME }),
    events: new KubeEventSink(client, { component: 'metallb-controller', host: hostname() }),
    api: { client: own, namespace },
  };
}

function connectTo(options: Parameters<typeof connect>[0]): ConnectedClient {
  try {
    return connect(options);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    throw new UsageError(`--store kubernetes: ${error.message}`, { cause: error });
  }
}
