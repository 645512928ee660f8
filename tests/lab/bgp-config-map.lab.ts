import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { until } from '../../lab/exec.ts';
import type { Lab } from '../../lab/lab.ts';
import { batch } from '../../lab/network.ts';
import { runDirectoryOf } from '../../lab/run-directory.ts';
import type { Scenario } from '../../lab/scenario.ts';
import { moduleScenario, served } from './bgp-module.ts';
import { neighbour, ROUTER, reaches, withRouter } from './bgp-sessions.ts';

/** A site whose configuration is still MetalLB 0.12's, with the router that it names. */
const EXAMPLE = join(import.meta.dirname, '../../examples/metallb-configmap.yaml');
const MANIFEST = (lab: Lab) => join(lab.directory, 'manifests', 'metallb-configmap.yaml');
const OLD_ROUTER = '10.0.0.1';
const MANY_LINES = 10_000;
const PASSWORD = 'rosebud-of-the-router';

const oldNode = (node: string) => `10.0.0.${10 + Number(node.slice(1))}`;

/** The network of the example: the router and the nodes have addresses of it. */
async function withOldNetwork(lab: Lab): Promise<void> {
  const place = (address: string) => [`address replace ${address}/24 dev eth0`];
  await batch(lab.namespace(ROUTER.host), place(OLD_ROUTER));
  for (const node of lab.nodes) await batch(lab.namespace(node), place(oldNode(node)));
}

/** Nodes that read the ConfigMap of this text have sessions, and the router has ways to a Service of its pool. */
async function isInForce(lab: Lab, text: string, password?: string): Promise<void> {
  await withOldNetwork(lab);
  await writeFile(MANIFEST(lab), text);
  const secured = password === undefined ? {} : { password };
  const neighbours = lab.nodes.map((node) => neighbour({ address: oldNode(node), ...secured }));
  try {
    await withRouter(lab, 'frr', { neighbours }, async (router) => {
      const ip = await served(lab, 'web');
      assert.match(ip, /^192\.168\.10\./);
      await reaches(lab, router, `${ip}/32`, lab.nodes.map(oldNode));
      if (password !== undefined)
        for (const node of lab.nodes) await keepsToItself(lab, node, password);
    });
  } finally {
    await rm(MANIFEST(lab), { force: true });
  }
}

/** The node has written its pools to its disk by now, and not the password. */
async function keepsToItself(lab: Lab, node: string, password: string): Promise<void> {
  const file = join(runDirectoryOf(lab.directory, node), 'last-known-good.json');
  let kept = '';
  await until({ what: `the pool on the disk of ${node}`, deadlineMs: 10_000 }, async () => {
    kept = await readFile(file, 'utf8').catch(() => '');
    return kept.includes('192.168.10.0/24');
  });
  assert.not.match(kept, password);
}

const OLD_CONFIG = {
  stores: ['manifests'],
  lab: { commonFlags: ['--legacy-config-map=metallb/config'] },
} as const;

export const scenarios: readonly Scenario[] = [
  moduleScenario(
    'an-old-ConfigMap-as-it-stands',
    async (lab) => {
      await isInForce(lab, await readFile(EXAMPLE, 'utf8'));
      return undefined;
    },
    OLD_CONFIG,
  ),

  moduleScenario(
    'an-old-ConfigMap-with-a-password',
    async (lab) => {
      const text = await readFile(EXAMPLE, 'utf8');
      const peer = /( +)my-asn: 64500\n/;
      assert.match(text, peer);
      const secured = text.replace(peer, `$&$1password: ${PASSWORD}\n`);
      await isInForce(lab, secured, PASSWORD);
      const programs = [lab.controller, ...lab.nodes.map((node) => lab.program(node))];
      for (const program of programs) {
        const lines = program.lastLogLines(MANY_LINES);
        assert.ok(lines.length > 0);
        assert.not.ok(lines.some((line) => line.includes(PASSWORD)));
      }
      return undefined;
    },
    OLD_CONFIG,
  ),
];
