import { delay } from '../../lab/exec.ts';
import type { FakeKubeProxy } from '../../lab/fake-kube-proxy.ts';
import type { Lab } from '../../lab/lab.ts';
import { remembersSync } from './reboot.ts';

const LAB = {
  nodeFlags: [
    '--kube-proxy-metrics-url=http://127.0.0.1:10249/metrics',
    '--dataplane-wait-ms=1000',
  ],
};
/** A kube-proxy that says what the scenario wants; beside an API server the real one has its port (`kube-proxy/…`). */
export const SCRIPTED = { lab: LAB, stores: ['manifests'] } as const;

/** One on each node, which has written everything so far. */
export async function syncedProxies(lab: Lab): Promise<ReadonlyMap<string, FakeKubeProxy>> {
  const proxies = new Map<string, FakeKubeProxy>();
  for (const node of lab.nodes) {
    const proxy = await lab.kubeProxyOn(node);
    await proxy.sync();
    proxies.set(node, proxy);
  }
  for (const node of lab.nodes) await remembersSync(lab, node);
  // Nothing of this has anything to do with what comes now.
  await delay(600);
  return proxies;
}
