import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { until } from '../../lab/exec.ts';
import { NODE_LOSS } from '../../lab/faults.ts';
import { type Assignment, answeredBy } from '../../lab/health.ts';
import type { Lab } from '../../lab/lab.ts';
import { runDirectoryOf } from '../../lab/run-directory.ts';

const ANOTHER_BOOT = '00000000-0000-4000-8000-000000000000';

/** Waits until a node remembers that its kube-proxy was in sync: from then on it knows that there is one. */
export async function remembersSync(lab: Lab, node: string): Promise<void> {
  const known = { what: `kube-proxy of ${node} known`, deadlineMs: 12_000 };
  await until(known, () => existsSync(syncedBootFile(lab, node)));
}

/** The node goes down; what it remembers is of another boot then, as namespaces have one boot id all. */
export async function goDownForReboot(lab: Lab, node: string): Promise<void> {
  await NODE_LOSS.strike(lab, node);
  if (existsSync(syncedBootFile(lab, node))) {
    await writeFile(syncedBootFile(lab, node), `${ANOTHER_BOOT}\n`);
  }
  await writeFile(
    stateFileOf(lab, node),
    JSON.stringify({ ...(await stateOf(lab, node)), bootId: ANOTHER_BOOT }),
  );
}

/** Waits until a node has written down what it does in this boot. */
export async function remembersThisBoot(lab: Lab, node: string): Promise<void> {
  const written = { what: `state of ${node} in this boot`, deadlineMs: 5_000 };
  await until(written, async () => {
    return existsSync(stateFileOf(lab, node)) && (await stateOf(lab, node)).bootId !== ANOTHER_BOOT;
  });
}

/** Who answers for the IPs that a lost node had. */
export async function heirsOf(
  lab: Lab,
  before: readonly Assignment[],
  lost: string,
): Promise<ReadonlyMap<string, string>> {
  const heirs = new Map<string, string>();
  for (const { ip, preferredNode } of before.filter((one) => one.preferredNode === lost)) {
    const mac = await until(
      { what: `${ip} of ${preferredNode} taken`, deadlineMs: 5_000 },
      async () => {
        const [only, ...more] = await lab.prober.macsOf(ip);
        return more.length === 0 && only !== lab.macOf(lost) && only;
      },
    );
    heirs.set(ip, lab.nodes.find((node) => lab.macOf(node) === mac) ?? mac);
  }
  assert.ok(heirs.size > 0);
  return heirs;
}

/** @throws when somebody else answers for one of them now */
export async function stay(
  lab: Lab,
  heirs: ReadonlyMap<string, string>,
  why: string,
): Promise<void> {
  for (const [ip, node] of heirs) {
    await answeredBy(lab, ip, node, 300).catch((error: unknown) => {
      throw new Error(`${why}: ${String(error)}`);
    });
  }
}

async function stateOf(lab: Lab, node: string): Promise<{ readonly bootId: string }> {
  return JSON.parse(await readFile(stateFileOf(lab, node), 'utf8'));
}

function stateFileOf(lab: Lab, node: string): string {
  return join(runDirectoryOf(lab.directory, node), 'last-known-good.json');
}

function syncedBootFile(lab: Lab, node: string): string {
  return join(runDirectoryOf(lab.directory, node), 'kube-proxy-synced-boot');
}
