import * as assert from 'uvu/assert';
import { run, until } from '../../lab/exec.ts';
import { PATCH } from '../../lab/kubernetes/api.ts';
import { collectionPath, objectPath } from '../../lab/kubernetes/kinds.ts';
import { bundle } from '../../lab/node-programs.ts';
import { conditionOfSession } from '../../modules/metallb/src/api/bgp-session-condition.ts';
import { nodeState } from '../support/metallb-objects.ts';
import { withAdmission } from './admission-bench.ts';
import type { ClusterScenario, TestCluster } from './cluster-scenario.ts';
import { NAMESPACE } from './helm.ts';

const SINCE = '2026-01-01T11:56:30Z';
const SESSION = { peer: 'tor', neighbor: '172.16.1.1', prefixes: 12, why: '', since: SINCE };
const POD = objectPath('Pod', 'speaker-n1', NAMESPACE);
const STATE = objectPath('ConfigurationState', 'speaker-n1', NAMESPACE);

/** What a speaker told, once it is not there to tell anything else. */
export const scenarios: readonly ClusterScenario[] = [
  {
    name: 'node-states/sessions are unknown while the speaker is not ready, and deleted with the node',
    play: (cluster) =>
      withAdmission(cluster, async (bench) => {
        try {
          await bench.api.send('POST', collectionPath('Node'), named('v1', 'Node', 'n1'));
          await tell(cluster);
          assert.equal(await sessions(cluster), ['up'], 'where nobody can tell');
          await bench.api.send('POST', collectionPath('Pod', NAMESPACE), speakerPod());
          assert.equal(await sessions(cluster), ['unknown']);
          const conditions = [{ type: 'Ready', status: 'True' }];
          const ready = { status: { phase: 'Running', conditions } };
          await bench.api.send('PATCH', `${POD}/status`, ready, PATCH.merge);
          assert.equal(await sessions(cluster), ['up']);

          bench.startController();
          await bench.judging();
          assert.ok(await bench.api.find(STATE), 'as long as there is the node');
          await bench.api.send('DELETE', objectPath('Node', 'n1'));
          await until({ what: 'the state is deleted', deadlineMs: 20_000 }, async () => {
            return (await bench.api.find(STATE)) === undefined;
          });
        } finally {
          for (const path of [`${POD}?gracePeriodSeconds=0`, STATE, objectPath('Node', 'n1')]) {
            await bench.api.ask('DELETE', path);
          }
        }
      }),
  },
];

/** As the speaker does. */
async function tell({ api }: TestCluster): Promise<void> {
  const { apiVersion, kind, metadata } = nodeState('n1', [], { namespace: NAMESPACE });
  const { name, labels } = metadata;
  const object = { apiVersion, kind, metadata: { name, labels } };
  await api.send('POST', collectionPath('ConfigurationState', NAMESPACE), object);
  const status = { result: 'Valid', conditions: [conditionOfSession(SESSION)] };
  await api.send('PATCH', `${STATE}/status`, { status }, PATCH.merge);
}

function speakerPod(): object {
  const { metadata, ...pod } = named('v1', 'Pod', 'speaker-n1');
  return {
    ...pod,
    metadata: { ...metadata, labels: { module: 'metallb', app: 'speaker' } },
    spec: {
      nodeName: 'n1',
      // The chart's, as nobody has made the namespace's own.
      ...{ serviceAccountName: 'controller', automountServiceAccountToken: false },
      containers: [{ name: 'node', image: 'none' }],
    },
  };
}

function named(apiVersion: string, kind: string, name: string) {
  return { apiVersion, kind, metadata: { name } };
}

/** What `mlb status` says of each. */
async function sessions({ plane }: TestCluster): Promise<string[]> {
  const kubeconfig = `KUBECONFIG=${plane.kubeconfig('admin')}`;
  const mlb = ['env', kubeconfig, process.execPath, bundle('mlb.mjs')];
  const report = JSON.parse(await run([...mlb, 'status', '-o', 'json', '--store=kubernetes']));
  return report.sessions.map(({ state }: { state: string }) => state);
}
