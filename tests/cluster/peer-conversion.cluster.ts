import * as assert from 'uvu/assert';
import { until } from '../../lab/exec.ts';
import { PATCH } from '../../lab/kubernetes/api.ts';
import { objectPath } from '../../lab/kubernetes/kinds.ts';
import { applyDefinitions } from '../../lab/kubernetes/module.ts';
import type { Program } from '../../lab/program.ts';
import { type AdmissionBench, withAdmission } from './admission-bench.ts';
import type { ClusterScenario, TestCluster } from './cluster-scenario.ts';

const OLD = '/apis/metallb.io/v1beta1/namespaces/default/bgppeers';
const NEW = '/apis/metallb.io/v1beta2/namespaces/default/bgppeers';
const DEFINITION = objectPath('CustomResourceDefinition', 'bgppeers.metallb.io');
/** API servers go on with what they knew of a definition for a moment. */
const SPREAD_MS = 20_000;

const EXISTS = { matchExpressions: [{ key: 'edge', operator: 'Exists' }] };
const SPEC = {
  ...{ myASN: 64_500, dynamicASN: 'external', interface: 'eth1', peerPort: 179, vrf: 'red' },
  ...{ passwordSecret: { name: 'tor', namespace: 'd8-metallb' }, nodeSelectors: [EXISTS] },
  ...{ enableGracefulRestart: true, disableMP: false, dualStackAddressFamily: true },
};

interface Peer {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: Readonly<Record<string, unknown>>;
}

/** BGPPeers in both versions, as a real API server has them converted. */
export const scenarios: readonly ClusterScenario[] = [
  {
    name: 'peer-conversion/nothing is lost there and back, by whichever version is written',
    deadlineMs: 120_000,
    play: (cluster) =>
      withConversion(cluster, async (bench) => {
        const { api } = bench;
        const metadata = { name: 'tor', namespace: 'default' };
        const peer = { apiVersion: 'metallb.io/v1beta2', kind: 'BGPPeer', metadata, spec: SPEC };
        await api.send('POST', NEW, peer);
        const shown = (await api.get(`${OLD}/tor`)) as Peer;
        assert.is(shown.spec['peerASN'], 0);
        assert.equal(shown.spec['nodeSelectors'], [
          { matchExpressions: [{ key: 'edge', operator: 'Exists', values: [''] }] },
        ]);
        await api.send('PATCH', `${OLD}/tor`, { spec: { holdTime: '30s' } }, PATCH.merge);
        await writeBack(bench, `${OLD}/tor`);
        const after = (await api.get(`${NEW}/tor`)) as Peer;
        assert.equal(after.spec, { ...SPEC, holdTime: '30s' });
        assert.is(after.metadata.annotations, undefined);
        const old = {
          ...{ apiVersion: 'metallb.io/v1beta1', kind: 'BGPPeer', metadata: { name: 'spine' } },
          spec: { myASN: 64_500, peerASN: 64_501, peerAddress: '192.0.2.1', peerPort: 0 },
        };
        const applied = await bench.apply(['--namespace=default'], old);
        assert.is(applied.accepted, true, applied.refusal);
        const { spec } = (await api.get(`${NEW}/spine`)) as Peer;
        assert.equal(spec, {
          ...old.spec,
          ...{ peerPort: 179, disableMP: false, dualStackAddressFamily: false },
        });
        const { items } = (await api.get(OLD)) as { items: Peer[] };
        assert.is(items.length, 2);
      }),
  },

  {
    name: 'peer-conversion/without a controller v1beta2 is as it was and v1beta1 waits; then API servers convert again',
    deadlineMs: 120_000,
    play: (cluster) =>
      withConversion(cluster, async (bench, controller) => {
        const { api } = bench;
        const spec = { myASN: 64_500, peerASN: 64_501, peerAddress: '192.0.2.1' };
        const peer = {
          ...{ apiVersion: 'metallb.io/v1beta2', kind: 'BGPPeer' },
          ...{ metadata: { name: 'tor', namespace: 'default' }, spec },
        };
        await controller.killTree();
        await api.send('POST', NEW, peer);
        await api.send('PATCH', `${NEW}/tor`, { spec: { holdTime: '30s' } }, PATCH.merge);
        assert.is(((await api.get(`${NEW}/tor`)) as Peer).spec['holdTime'], '30s');
        const { status, body } = await api.ask('GET', `${OLD}/tor`);
        assert.is(status, 500);
        assert.match(JSON.stringify(body), /conversion webhook .* failed/);
        // The file that users apply says nothing of it, so it leaves it as it is.
        await applyDefinitions(api);
        assert.is(await strategy(cluster), 'Webhook');
        start(bench);
        await until({ what: 'v1beta1 is back', deadlineMs: SPREAD_MS, everyMs: 100 }, async () => {
          return (await api.ask('GET', `${OLD}/tor`)).status === 200;
        });
      }),
  },

  {
    name: 'peer-conversion/a definition that asks MetalLB goes on to',
    deadlineMs: 120_000,
    play: (cluster) =>
      withAdmission(cluster, async (bench) => {
        const service = { namespace: 'metallb-system', name: 'webhook-service', path: '/convert' };
        const conversion = {
          strategy: 'Webhook',
          webhook: { conversionReviewVersions: ['v1'], clientConfig: { service } },
        };
        await cluster.api.send('PATCH', DEFINITION, { spec: { conversion } }, PATCH.merge);
        try {
          start(bench);
          await bench.judging();
          assert.is(await strategy(cluster), 'Webhook');
          const { spec } = (await cluster.api.get(DEFINITION)) as Definition;
          assert.is(spec.conversion.webhook?.clientConfig.service.name, service.name);
        } finally {
          await letGo(cluster);
        }
      }),
  },
];

interface Definition {
  readonly spec: {
    readonly conversion: {
      readonly strategy: string;
      readonly webhook?: { readonly clientConfig: { readonly service: { readonly name: string } } };
    };
  };
}

function start(bench: AdmissionBench): Program {
  const flags = ['--convert-peers=true', `--webhook-service-port=${bench.port}`];
  return bench.startController(undefined, flags);
}

/** Plays once a v1beta1 is shown what only v1beta2 has; afterwards a controller that is not to convert lets go of it. */
async function withConversion(
  cluster: TestCluster,
  play: (bench: AdmissionBench, controller: Program) => Promise<void>,
): Promise<void> {
  await withAdmission(cluster, async (bench) => {
    const { api } = cluster;
    try {
      const controller = start(bench);
      const what = () => `conversion; ${bench.lastLogLines(5).join(' | ')}`;
      await until({ what, deadlineMs: SPREAD_MS, everyMs: 100 }, async () => {
        return (await strategy(cluster)) === 'Webhook' && (await isConverted(cluster));
      });
      try {
        await play(bench, controller);
      } finally {
        for (const name of ['tor', 'spine']) await api.ask('DELETE', `${NEW}/${name}`);
      }
      await bench.endControllers();
      bench.startController(undefined, ['--convert-peers=false']);
      await until({ what: 'API servers convert', deadlineMs: SPREAD_MS }, async () => {
        return (await strategy(cluster)) === 'None';
      });
    } finally {
      await letGo(cluster);
    }
  });
}

/** As it is read. The controller tells its conditions in between: a user tries again. */
async function writeBack({ api }: AdmissionBench, path: string): Promise<void> {
  await until({ what: `${path} is written`, deadlineMs: SPREAD_MS }, async () => {
    const { status } = await api.ask('PUT', path, await api.get(path));
    assert.ok([200, 409].includes(status), String(status));
    return status === 200;
  });
}

/** API servers learn of a definition a moment after it is written. */
async function isConverted({ api }: TestCluster): Promise<boolean> {
  const peer = {
    ...{ apiVersion: 'metallb.io/v1beta2', kind: 'BGPPeer', metadata: { name: 'probe' } },
    spec: { myASN: 1, peerASN: 2, peerAddress: '192.0.2.1', vrf: 'red' },
  };
  await api.ask('POST', NEW, peer);
  const { body } = await api.ask('GET', `${OLD}/probe`);
  await api.ask('DELETE', `${NEW}/probe`);
  return JSON.stringify(body).includes('bgppeer-v1beta2');
}

async function strategy({ api }: TestCluster): Promise<string> {
  const { spec } = (await api.get(DEFINITION)) as Definition;
  return spec.conversion.strategy;
}

/** Whatever happened: others ask for v1beta1, too. */
async function letGo({ api }: TestCluster): Promise<void> {
  const conversion = { strategy: 'None', webhook: null };
  await api.send('PATCH', DEFINITION, { spec: { conversion } }, PATCH.merge);
}
