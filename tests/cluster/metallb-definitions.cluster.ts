import * as assert from 'uvu/assert';
import { PATCH } from '../../lab/kubernetes/api.ts';
import { collectionPath, objectPath } from '../../lab/kubernetes/kinds.ts';
import { METALLB_ROWS, type MetallbRow, manifestOf } from '../crds/metallb-rows.ts';
import type { ClusterScenario, TestCluster } from './cluster-scenario.ts';

/** The definitions of MetalLB's API on a real API server. */
export const scenarios: readonly ClusterScenario[] = [
  {
    name: 'metallb-definitions/what MetalLB accepts is accepted, what it refuses is refused by name',
    play: async (cluster) => {
      const said = await Promise.all(METALLB_ROWS.map((row) => verdict(cluster, row)));
      assert.equal(
        said.filter((one) => one !== undefined),
        [],
      );
    },
  },

  {
    name: 'metallb-definitions/a peer that was written as v1beta1 is read as v1beta2, and the other way round',
    play: async ({ api }) => {
      const spec = { myASN: 64_500, peerASN: 64_501, peerAddress: '192.0.2.1' };
      const old = {
        apiVersion: 'metallb.io/v1beta1',
        kind: 'BGPPeer',
        metadata: { name: 'spine' },
      };
      const before = '/apis/metallb.io/v1beta1/namespaces/default/bgppeers';
      await api.send('POST', before, { ...old, spec });
      const read = (await api.get(objectPath('BGPPeer', 'spine'))) as { spec: object };
      assert.equal(read.spec, {
        ...spec,
        ...{ peerPort: 179, disableMP: false, dualStackAddressFamily: false },
      });
      const again = (await api.get(`${before}/spine`)) as { spec: object };
      assert.equal(again.spec, { ...spec, peerPort: 179 });
      await api.send('DELETE', objectPath('BGPPeer', 'spine'));
    },
  },

  {
    name: 'metallb-definitions/a ServiceL2Status keeps its Service while its announcer changes',
    play: async ({ api }) => {
      const meta = { apiVersion: 'metallb.io/v1beta1', kind: 'ServiceL2Status' };
      await api.send('POST', collectionPath('ServiceL2Status', 'default'), {
        ...meta,
        metadata: { name: 'l2-1' },
      });
      const path = `${objectPath('ServiceL2Status', 'l2-1')}/status`;
      const patch = (status: object) => api.ask('PATCH', path, { status }, PATCH.merge);
      const first = await patch({
        ...{ node: 'n1', serviceName: 'web', serviceNamespace: 'default', ip: '192.0.2.1' },
        interfaces: [{ name: 'eth0' }],
        announcer: { node: 'n1', since: '2026-01-01T00:00:00Z', reason: 'Assigned' },
      });
      assert.is(first.status, 200);
      assert.is((await patch({ node: 'n2' })).status, 200);
      assert.is((await patch({ serviceName: 'other' })).status, 422);
      await api.send('DELETE', objectPath('ServiceL2Status', 'l2-1'));
    },
  },

  {
    name: 'metallb-definitions/kubectl get shows MetalLB’s columns, then whether a pool is in force and announced',
    play: async ({ api, plane }) => {
      await api.send('POST', collectionPath('IPAddressPool', 'default'), {
        ...{ apiVersion: 'metallb.io/v1beta1', kind: 'IPAddressPool', metadata: { name: 'demo' } },
        spec: { addresses: ['192.0.2.0/24'] },
      });
      const path = objectPath('IPAddressPool', 'demo');
      const condition = { lastTransitionTime: '2026-01-01T00:00:00Z', message: '', reason: 'A' };
      const status = {
        ...{ assignedIPv4: 1, assignedIPv6: 0, availableIPv4: 255, availableIPv6: 0 },
        conditions: [
          { ...condition, type: 'Accepted', status: 'True' },
          { ...condition, type: 'Advertised', status: 'False' },
        ],
      };
      await api.send('PATCH', `${path}/status`, { status }, PATCH.merge);
      const table = await plane.kubectl(['get', 'ipaddresspool', 'demo', '--namespace', 'default']);
      const [head = '', row = ''] = table.split('\n');
      assert.equal(head.trim().split(/ {2,}/), [
        ...['NAME', 'AUTO ASSIGN', 'AVOID BUGGY IPS', 'ADDRESSES'],
        ...['ASSIGNED IPV4', 'ASSIGNED IPV6', 'ACCEPTED', 'ADVERTISED'],
      ]);
      assert.equal(row.trim().split(/ +/), [
        ...['demo', 'true', 'false', '["192.0.2.0/24"]', '1', '0', 'True', 'False'],
      ]);
      await api.send('DELETE', path);
    },
  },
];

/** What is not as the row says. */
async function verdict({ api }: TestCluster, row: MetallbRow): Promise<string | undefined> {
  const manifest = manifestOf(row);
  const root = collectionPath(row.kind, 'default').replace(
    /^\/apis\/[^/]+\/[^/]+/,
    `/apis/${manifest.apiVersion}`,
  );
  // Strict, so that a field that is not in the definition is refused and not dropped.
  const { status, body } = await api.ask(
    'POST',
    `${root}?dryRun=All&fieldValidation=Strict`,
    manifest,
  );
  const words = String((body as { message?: unknown }).message);
  const isRight =
    row.refusal === undefined ? status === 201 : status === 422 && row.refusal.test(words);
  return isRight ? undefined : `${row.kind} with ${row.name}: ${status} ${words}`;
}
