import { connect } from './api-client.ts';
import { KubeStore, type KubeStorePorts } from './kube-store.ts';

/** The store of the cluster that the environment names (`connect`). @throws ConfigurationError */
export function openKubeStore(ports: Omit<KubeStorePorts, 'client'>): KubeStore {
  return new KubeStore({ ...ports, client: connect({ clock: ports.clock }) });
}
