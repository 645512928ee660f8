import { chown, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cluster } from './cluster.ts';
import { keyFileOf } from './heartbeat-keys.ts';
import { Program } from './program.ts';
import { ownUser, programUser } from './program-user.ts';
import { onSmallDisk, runDirectoryOf } from './run-directory.ts';
import { OWN_SHARED_MEMORY, withOwnClock } from './wall-clock.ts';

/** A user namespace of one user may know no group of the same number. */
const SAME_GROUP = -1;

const PACKAGE_ROOT = join(import.meta.dirname, '..');

/** Where a lab keeps what its programs read and write. */
export interface ProgramSurroundings {
  readonly labName: string;
  readonly directory: string;
  readonly storeArgument: Cluster['storeArgument'];
  /** Who the programs are to an API server. */
  readonly kubeconfigs?: { readonly controller: string; readonly speaker: string };
  readonly extraFlags: readonly string[];
  /** Of nodes and controller alike. */
  readonly commonFlags: readonly string[];
  /** Nodes whose programs read a wall clock that a scenario sets. */
  readonly ownClock: readonly string[];
  /** Nodes whose programs have a small run directory. */
  readonly smallDisk: readonly string[];
}

/** Settings that let a scenario end in seconds; the production defaults wait for people. */
const FAST_NODE_FLAGS = [
  ...['--hold-down-ms=1000', '--hold-down-max-ms=1000'],
  // The lab's stand-in for kube-proxy tells nobody when it has written its rules.
  ...['--kube-proxy-metrics-url=', '--dataplane-wait-ms=0'],
];

/** The node program in its namespace, with NET_RAW and nothing else. */
export async function nodeProgram(at: ProgramSurroundings, node: string): Promise<Program> {
  const runDirectory = runDirectoryOf(at.directory, node);
  const disk = at.smallDisk.includes(node) ? onSmallDisk(runDirectory) : [];
  await mkdir(runDirectory, { recursive: true });
  await chown(runDirectory, programUser(), SAME_GROUP);
  const flags = [
    `--node=${node}`,
    `--store=${at.storeArgument(node)}`,
    `--heartbeat-key-file=${keyFileOf(at.directory, node)}`,
    `--run-dir=${runDirectory}`,
    ...at.commonFlags,
    ...FAST_NODE_FLAGS,
    ...at.extraFlags,
  ];
  return new Program({
    name: node,
    namespace: `${at.labName}-${node}`,
    command: [...disk, ...privileges(at, node), process.execPath, bundle('node.mjs'), ...flags],
    logFile: join(at.directory, `${node}.log`),
    environment: kubeconfigOf(at.kubeconfigs?.speaker),
  });
}

/** @param host where it runs */
export function controllerProgram(at: ProgramSurroundings, host = 'control'): Program {
  return new Program({
    name: 'controller',
    namespace: `${at.labName}-${host}`,
    command: [
      ...[process.execPath, bundle('controller.mjs')],
      ...[`--store=${at.storeArgument()}`, ...at.commonFlags],
    ],
    logFile: join(at.directory, 'controller.log'),
    environment: kubeconfigOf(at.kubeconfigs?.controller),
    isElsewhere: true,
  });
}

function kubeconfigOf(path: string | undefined): Record<string, string> {
  return path === undefined ? {} : { KUBECONFIG: path };
}

/** A built program. */
export function bundle(file: string): string {
  return join(PACKAGE_ROOT, 'dist', file);
}

function privileges(at: ProgramSurroundings, node: string): string[] {
  const own = withCapabilityAlone('net_raw');
  if (!at.ownClock.includes(node)) return own;
  return [...OWN_SHARED_MEMORY, ...own, ...withOwnClock(at.directory, node)];
}

/** A command as containers have it: not root, and with this capability for all rights. */
export function withCapabilityAlone(name: 'net_raw' | 'net_admin'): string[] {
  const capabilities = ['--inh-caps', '--ambient-caps', '--bounding-set'].map(
    (set) => `${set}=-all,+${name}`,
  );
  return ['setpriv', ...capabilities, ...userFlags()];
}

function userFlags(): string[] {
  const user = programUser();
  return user === ownUser() ? [] : [`--reuid=${user}`, `--regid=${user}`, '--clear-groups'];
}
