import { randomBytes } from 'node:crypto';
import { chown, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { heartbeatKey } from '../modules/metallb/src/packet/heartbeat.ts';
import { until } from './exec.ts';
import type { Lab } from './lab.ts';
import { metricsOf } from './metrics.ts';
import { programUser } from './program-user.ts';

const USE = 'metallb_wire_heartbeat_key';
/** A user namespace of one user may know no group of the same number. */
const SAME_GROUP = -1;

/** As it stands in a file of keys. */
export function newKey(): string {
  return randomBytes(32).toString('base64');
}

/** Every node has a file of its own, as every machine has. */
export function keyFileOf(directory: string, node: string): string {
  return join(directory, `heartbeat-keys-of-${node}`);
}

/** One key that all nodes share, and one each for those that have their own. */
export async function writeFirstKeys(
  directory: string,
  nodes: readonly string[],
  ownKey: readonly string[],
): Promise<void> {
  const shared = newKey();
  for (const node of nodes) {
    await writeKeys(directory, node, [ownKey.includes(node) ? newKey() : shared]);
  }
}

/** Atomic, as a kubelet changes it. */
async function writeKeys(directory: string, node: string, keys: readonly string[]): Promise<void> {
  const file = keyFileOf(directory, node);
  const next = `${file}.next`;
  await writeFile(next, keys.map((key) => `${key}\n`).join(''), { mode: 0o600 });
  await chown(next, programUser(), SAME_GROUP);
  await rename(next, file);
}

/** The node's file holds these from now on, the newest first. */
export async function giveKeys(lab: Lab, node: string, keys: readonly string[]): Promise<void> {
  await writeKeys(lab.directory, node, keys);
}

/** What the node's file holds. */
export async function keysOf(lab: Lab, node: string): Promise<string[]> {
  return (await readFile(keyFileOf(lab.directory, node), 'utf8')).trim().split('\n');
}

/** Waits until the node signs its heartbeats with this key alone, on every interface. */
export async function signsWith(lab: Lab, node: string, key: string): Promise<void> {
  const { id } = heartbeatKey(Buffer.from(key, 'base64'));
  let signing: string[] = [];
  const what = () => `${node} signs with ${id}, is with ${signing.join(' ') || 'none'}`;
  await until({ what, deadlineMs: 8_000, everyMs: 200 }, async () => {
    signing = (await metricsOf(lab, node))
      .filter(({ name, labels }) => name === USE && labels['use'] === 'signing')
      .map(({ labels }) => labels['key'] ?? '');
    return signing.length > 0 && signing.every((one) => one === id);
  });
}
