import { randomBytes } from 'node:crypto';
import { chown, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { heartbeatKey } from '../modules/metallb/src/packet/heartbeat.ts';
import { until } from './exec.ts';
import { fetchPage } from './http.ts';
import type { Lab } from './lab.ts';
import { programUser } from './program-user.ts';

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

/** Waits until the node signs its heartbeats with this key alone. */
export async function signsWith(lab: Lab, node: string, key: string): Promise<void> {
  const { id } = heartbeatKey(Buffer.from(key, 'base64'));
  let signing: string[] = [];
  const what = () => `${node} signs with ${id}, is with ${signing.join(' ') || 'none'}`;
  await until({ what, deadlineMs: 8_000, everyMs: 200 }, async () => {
    const url = 'http://127.0.0.1:7474/metrics';
    const { body } = await fetchPage(lab.namespace(node), url);
    const line = /^metallb_wire_heartbeat_key\{interface="eth0",key="(\w+)",use="signing"\} 1$/gm;
    signing = [...body.matchAll(line)].map(([, found = '']) => found);
    return signing.length === 1 && signing[0] === id;
  });
}
