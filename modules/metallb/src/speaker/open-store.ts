import { formatProblems, type Problem } from '../api/problem.ts';
import { connect } from '../kube/api-client.ts';
import { ConfigurationError } from '../kube/errors.ts';
import { KubeEventSink } from '../kube/event-sink.ts';
import { KubeStore } from '../kube/kube-store.ts';
import { legacyStore } from '../legacy/legacy-store.ts';
import { ManifestStore } from '../manifests/manifest-store.ts';
import { formatManifestProblem } from '../manifests/parse-documents.ts';
import type { NodeSettings } from '../settings/node-settings.ts';
import { UsageError } from '../settings/settings.ts';
import { type EventSink, loggedEvents } from '../store/event-sink.ts';
import type { Store } from '../store/store.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Clock } from '../time/clock.ts';

/** What `--store` names, as a balancer node may use it. */
export interface NodeStore {
  readonly store: Store;
  readonly events: EventSink;
}

interface Ports {
  readonly clock: Clock;
  readonly log: Logger;
}

/** @throws UsageError */
export function openStore(settings: NodeSettings, ports: Ports): NodeStore {
  const { store, events } = openStored(settings, ports);
  const onRead = (problems: readonly Problem[]) => {
    if (problems.length === 0) return;
    ports.log.warn('ConfigMap is wrong', { problem: formatProblems(problems) });
  };
  return { store: legacyStore(store, settings.legacyConfigMap, onRead), events };
}

function openStored({ store: address, node }: NodeSettings, ports: Ports): NodeStore {
  if (address.kind === 'kubernetes') return openKubernetes(node, ports);
  const { clock, log } = ports;
  const store = new ManifestStore({
    directory: address.directory,
    writer: { role: 'node', name: node },
    clock,
    onProblem: (problem) =>
      log.warn('manifest is wrong', { problem: formatManifestProblem(problem) }),
  });
  return { store, events: loggedEvents((facts) => log.info('event', facts)) };
}

function openKubernetes(node: string, { clock, log }: Ports): NodeStore {
  try {
    const client = connect({ clock });
    const store = new KubeStore({
      client,
      clock,
      random: Math.random,
      onUnreadable: (kind, error) => log.warn('watch can not be read', { kind, error }),
      onUndefined: (kind) =>
        log.info('kind is not defined, so there are no objects of it', { kind }),
    });
    const source = { component: 'metallb-speaker', host: node };
    return { store, events: new KubeEventSink(client, source) };
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    throw new UsageError(`--store kubernetes: ${error.message}`, { cause: error });
  }
}
