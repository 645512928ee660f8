import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { chown, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Program } from './program.ts';

const NOBODY = 65_534;
/** A user namespace of one user may know no group of the same number. */
const SAME_GROUP = -1;

/** Who runs the node programs: nobody, or the only user that a user namespace knows. */
export function programUser(): number {
  const mappedUsers = Number(readFileSync('/proc/self/uid_map', 'utf8').trim().split(/\s+/)[2]);
  return mappedUsers > NOBODY ? NOBODY : ownUser();
}

function ownUser(): number {
  return process.getuid?.() ?? 0;
}

const PACKAGE_ROOT = join(import.meta.dirname, '..');

/** Where a lab keeps what its programs read and write. */
export interface ProgramSurroundings {
  readonly labName: string;
  readonly directory: string;
  readonly storeArgument: string;
  /** Who the programs are to an API server. */
  readonly kubeconfigs?: { readonly controller: string; readonly speaker: string };
  readonly extraFlags: readonly string[];
  /** Nodes that got a heartbeat key of their own each. */
  readonly ownKey: readonly string[];
}

/** Settings that let a scenario end in seconds; the production defaults wait for people. */
const FAST_NODE_FLAGS = [
  ...['--hold-down-ms=1000', '--hold-down-max-ms=1000'],
  // The lab's stand-in for kube-proxy tells nobody when it has written its rules.
  ...['--kube-proxy-metrics-url=', '--dataplane-wait-ms=0'],
];

/** The key that all nodes share, and those that some have for themselves. */
export async function writeHeartbeatKeys(at: ProgramSurroundings): Promise<void> {
  for (const file of [sharedKeyFile(at), ...at.ownKey.map((node) => ownKeyFile(at, node))]) {
    await writeFile(file, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600 });
    await chown(file, programUser(), SAME_GROUP);
  }
}

function sharedKeyFile({ directory }: ProgramSurroundings): string {
  return join(directory, 'heartbeat-key');
}

function ownKeyFile({ directory }: ProgramSurroundings, node: string): string {
  return join(directory, `heartbeat-key-of-${node}`);
}

/** The node program in its namespace, with NET_RAW and nothing else. */
export async function nodeProgram(at: ProgramSurroundings, node: string): Promise<Program> {
  const runDirectory = join(at.directory, `run-${node}`);
  await mkdir(runDirectory, { recursive: true });
  await chown(runDirectory, programUser(), SAME_GROUP);
  const keyFile = at.ownKey.includes(node) ? ownKeyFile(at, node) : sharedKeyFile(at);
  const flags = [
    `--node=${node}`,
    `--store=${at.storeArgument}`,
    `--heartbeat-key-file=${keyFile}`,
    `--run-dir=${runDirectory}`,
    ...FAST_NODE_FLAGS,
    ...at.extraFlags,
  ];
  return new Program({
    name: node,
    namespace: `${at.labName}-${node}`,
    command: [...withNetRawAlone(), process.execPath, bundle('node.mjs'), ...flags],
    logFile: join(at.directory, `${node}.log`),
    environment: kubeconfigOf(at.kubeconfigs?.speaker),
  });
}

export function controllerProgram(at: ProgramSurroundings): Program {
  return new Program({
    name: 'controller',
    namespace: `${at.labName}-control`,
    command: [process.execPath, bundle('controller.mjs'), `--store=${at.storeArgument}`],
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

function withNetRawAlone(): string[] {
  const capabilities = ['--inh-caps', '--ambient-caps', '--bounding-set'].map(
    (set) => `${set}=-all,+net_raw`,
  );
  return ['setpriv', ...capabilities, ...userFlags()];
}

function userFlags(): string[] {
  const user = programUser();
  return user === ownUser() ? [] : [`--reuid=${user}`, `--regid=${user}`, '--clear-groups'];
}
