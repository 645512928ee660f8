import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { Program } from '../program.ts';
import { commandPath } from './commands.ts';

export type ProxyMode = 'nftables' | 'iptables';

export interface KubeProxyOptions {
  readonly node: string;
  readonly namespace: string;
  readonly mode: ProxyMode;
  readonly minSyncMs: number;
  readonly kubeconfig: string;
  readonly directory: string;
}

/** The real thing, as a DaemonSet of every cluster runs it: it makes packets to Service IPs reach pods. */
export async function kubeProxy(options: KubeProxyOptions): Promise<Program> {
  const { node, namespace, directory } = options;
  const file = join(directory, `kube-proxy-${node}.yaml`);
  await writeFile(file, stringify(configuration(options)));
  return new Program({
    name: `kube-proxy-${node}`,
    namespace,
    command: [commandPath('kube-proxy'), `--config=${file}`],
    logFile: join(directory, `kube-proxy-${node}.log`),
    isElsewhere: true,
  });
}

function configuration({ node, mode, minSyncMs, kubeconfig }: KubeProxyOptions) {
  const pace = { minSyncPeriod: `${minSyncMs}ms`, syncPeriod: '30s' };
  return {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    clientConnection: { kubeconfig, qps: 50, burst: 100 },
    hostnameOverride: node,
    mode,
    clusterCIDR: '10.244.0.0/16,fd00:244::/32',
    // Kernel settings that a namespace can't change.
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
    nftables: pace,
    iptables: pace,
    metricsBindAddress: '127.0.0.1:10249',
    healthzBindAddress: '127.0.0.1:10256',
  };
}
