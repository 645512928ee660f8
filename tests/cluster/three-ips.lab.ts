import { readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { parseAllDocuments } from 'yaml';
import type { ClusterObject } from '../../lab/cluster.ts';
import { run, tryRun, until } from '../../lab/exec.ts';
import { NODE_LOSS } from '../../lab/faults.ts';
import { type Assignment, assertAnswers, assignedIps, settled } from '../../lab/health.ts';
import { runBackends } from '../../lab/kubernetes/backend-pods.ts';
import type { Lab } from '../../lab/lab.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import { playFault } from '../../lab/trial.ts';
import { RELEASE_LAB } from './release-lab.ts';

const EXAMPLE = new URL('../../examples/class-three-ips.yaml', import.meta.url);
const PORT = 8_000;
const DARK_AT_MOST_MS = 1_000;

/** The journey of docs/journeys/three-ips.md, with the example's manifests as they stand. */
export const scenarios: readonly Scenario[] = [
  scenario(
    'journeys/three-ips',
    { lab: RELEASE_LAB, stores: ['kubernetes'], deadlineMs: 120_000 },
    async (lab) => {
      const documents = parseAllDocuments(readFileSync(EXAMPLE, 'utf8')).map(
        (document): ClusterObject => document.toJS(),
      );
      // ModuleConfig is Deckhouse's: here helm has enabled the module.
      await lab.cluster.apply(...documents.filter(({ kind }) => kind !== 'ModuleConfig'));
      await runBackends(lab, 'nginx');
      const ips = await assignedIps(lab, 'nginx', 3);
      const all = await settled(lab);
      assert.is(new Set(all.map((one) => one.preferredNode)).size, 3, 'a node for each IP');
      const shown = await lab.kubernetes.plane.kubectl(['get', 'service', 'nginx']);
      assert.match(shown, ips.join(','), 'EXTERNAL-IP');
      for (const ip of ips) await answersHttp(lab, ip);
      await onlyItsIpMoves(lab, 'n2', all);
      return undefined;
    },
  ),
];

/** Through kube-proxy's own rules to one of the Pods. */
async function answersHttp(lab: Lab, ip: string): Promise<void> {
  const url = `http://${ip}:${PORT}/`;
  const curl = ['ip', 'netns', 'exec', lab.namespace('client'), 'curl', '-sf', '-m', '2', url];
  await until({ what: `${url} answers`, deadlineMs: 10_000, everyMs: 100 }, async () => {
    return (await tryRun(curl)).code === 0;
  });
  assert.match(await run(curl), /^pod\d /);
}

async function onlyItsIpMoves(lab: Lab, node: string, all: readonly Assignment[]): Promise<void> {
  for (const one of await playFault(lab, NODE_LOSS, node)) {
    if (one.preferredNode === node) assert.ok(one.darkMs < DARK_AT_MOST_MS, `${one.ip} dark`);
    else assert.is(one.lost, 0, `${one.ip} lost packets`);
  }
  await assertAnswers(
    lab,
    all.filter((one) => one.preferredNode !== node),
  );
}
