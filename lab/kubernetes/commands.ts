import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Which Go module of tests/cluster/tools each command is built from. */
const MODULE_OF = {
  'kube-apiserver': 'kubernetes',
  'kube-controller-manager': 'kubernetes',
  'kube-proxy': 'kubernetes',
  kubectl: 'kubernetes',
  helm: 'helm',
  'shell-operator': 'shell-operator',
} as const;

export type ClusterCommand = keyof typeof MODULE_OF | 'etcd' | 'etcdctl';

const TOOLS = join(import.meta.dirname, '..', '..', '.ci', 'cluster-tools');

/**
 * Path of a command of the cluster: envtest's assets (KUBEBUILDER_ASSETS) first, then what `.ci/cluster-tools` has built;
 * etcd is Debian's.
 * @throws when it is nowhere, with what to do
 */
export function commandPath(command: ClusterCommand): string {
  const asset = join(process.env['KUBEBUILDER_ASSETS'] ?? '/nonexistent', command);
  if (existsSync(asset)) return asset;
  if (command === 'etcd' || command === 'etcdctl') return command;
  const path = join(builtFolder(MODULE_OF[command]), command);
  if (existsSync(path)) return path;
  throw new Error(`no ${command}: run \`make cluster-tools\` (Go 1.26) or set KUBEBUILDER_ASSETS`);
}

const folders = new Map<string, string>();

/** What `.ci/cluster-tools MODULE` has built. */
export function builtFolder(module: string): string {
  const known = folders.get(module);
  if (known !== undefined) return known;
  const folder = execFileSync(TOOLS, ['--path', module], { encoding: 'utf8' }).trim();
  folders.set(module, folder);
  return folder;
}
