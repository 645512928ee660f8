import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import * as assert from 'uvu/assert';
import { parseAllDocuments } from 'yaml';
import { valueAt } from '../../modules/metallb/hooks/lib/json.ts';
import { isAsExpected } from '../chart/expected-file.ts';
import { CHART_CASES, DECKHOUSE_GLOBALS, EDITION_CASES } from './chart-cases.ts';
import type { ClusterScenario } from './cluster-scenario.ts';
import { helm, helmTemplate, withoutKeys } from './helm.ts';

const { digests: _, ...withoutDigests } = DECKHOUSE_GLOBALS.modulesImages;

const REFUSED_VALUES: [what: string, values: object, reason: RegExp][] = [
  ['an unknown setting', { metallb: { heartbeat: { interval: 100 } } }, /heartbeat.*interval/s],
  ['a setting of the wrong type', { metallb: { holdDownMs: '10s' } }, /holdDownMs/],
  ['a CPU limit', { metallb: { resources: { speaker: { limits: { cpu: '1' } } } } }, /limits/],
  ['a setting outside of metallb', { speaker: {} }, /speaker/],
  [
    'a limit for switches that only one of both rates keeps',
    { metallb: { announceRate: 10 } },
    /backgroundRate 500 should be less than or equal to metallb\.announceRate 10/,
  ],
  [
    'Deckhouse without the digests of the images',
    { global: { ...DECKHOUSE_GLOBALS, modulesImages: withoutDigests } },
    /image metallb\.(?:controller|node) has no digest/,
  ],
];

const GOLDEN = new URL('../golden/chart/', import.meta.url);

const DIFFERENT_WITH_BGP = [
  'ClusterRole d8:metallb:bgp-secrets',
  'ClusterRole d8:metallb:speaker',
  'Role speaker',
  'RoleBinding metallb-bgp-secrets',
];

/** The chart as the real Helm renders it. */
export const scenarios: readonly ClusterScenario[] = [
  ...CHART_CASES.map(({ name, values, apiVersions }) => ({
    name: `chart/render: ${name}`,
    play: async () => {
      const manifests = await helmTemplate(values, apiVersions);
      isAsExpected(new URL(`${name}.yaml`, GOLDEN), withoutKeys(manifests));
    },
  })),

  ...EDITION_CASES.map(({ edition, hasBgp, values }) => ({
    name: `chart/render: edition ${edition} ${hasBgp ? 'gives speakers the rights that BGP takes' : 'renders nothing of BGP for speakers'}`,
    play: async () => {
      const manifests = withoutKeys(await helmTemplate(values));
      assert.is(manifests.split(`--edition=${edition}\n`).length, 3, 'both programs are told');
      const asDefault = manifests.replaceAll(`--edition=${edition}`, '--edition=CE');
      const other = differing(asDefault, readFileSync(new URL('defaults.yaml', GOLDEN), 'utf8'));
      assert.equal(other, hasBgp ? DIFFERENT_WITH_BGP : []);
    },
  })),

  {
    name: "chart/render: Prometheus gets shell-operator's own metrics and those of the hooks",
    play: async () => {
      const values = { metallb: { hookRunner: 'shell-operator' } };
      const manifests = await helmTemplate(values, ['monitoring.coreos.com/v1']);
      const [monitor] = named('shell-operator', manifests).filter(
        (object) => valueAt(object, 'kind') === 'PodMonitor',
      );
      const endpoints = valueAt(monitor, 'spec', 'podMetricsEndpoints') as { path: string }[];
      assert.equal(
        endpoints.map(({ path }) => path),
        ['/metrics', '/metrics/hooks'],
      );
    },
  },

  {
    name: 'chart/render: in Deckhouse, whose own operator runs the hooks, there is no other',
    play: async () => {
      const metallb = { hookRunner: 'shell-operator' };
      const manifests = await helmTemplate({ global: DECKHOUSE_GLOBALS, metallb });
      assert.match(manifests, '--hook-runner=shell-operator');
      for (const name of ['shell-operator', 'd8:metallb:shell-operator', 'd8:metallb:hooks']) {
        assert.equal(named(name, manifests), [], name);
      }
    },
  },

  {
    name: 'chart/lint: helm finds nothing',
    play: async () => {
      const version = ['--kube-version', '1.31.0'];
      const { code, stdout } = await helm(['lint', 'CHART', '--strict', ...version]);
      assert.is(code, 0, stdout);
    },
  },

  {
    name: 'chart/refusal: a Kubernetes that is too old',
    play: async () => {
      const { code, stderr } = await helm(['template', 'CHART', '--kube-version', '1.30.9']);
      assert.is(code, 1);
      assert.match(stderr, 'requires kubeVersion: >=1.31.0-0');
    },
  },

  ...REFUSED_VALUES.map(([what, values, reason]) => ({
    name: `chart/refusal: ${what}`,
    play: async () => {
      await assertRejects(helmTemplate(values), reason);
    },
  })),

  {
    name: 'chart/refusal: in Deckhouse, which checks settings itself, values are as they are',
    play: async () => {
      const values = { global: DECKHOUSE_GLOBALS, metallb: { somethingNewer: true } };
      assert.match(await helmTemplate(values), 'namespace: d8-metallb');
    },
  },
];

/** `Kind name` of what is rendered otherwise, or in one of the two only. */
function differing(one: string, other: string): string[] {
  const [a, b] = [one, other].map(
    (text) =>
      new Map(
        parseAllDocuments(text)
          .map((document) => document.toJS() as unknown)
          .map((object) => [
            `${valueAt(object, 'kind')} ${valueAt(object, 'metadata', 'name')}`,
            object,
          ]),
      ),
  );
  const names = new Set([...(a?.keys() ?? []), ...(b?.keys() ?? [])]);
  return [...names].filter((name) => !isDeepStrictEqual(a?.get(name), b?.get(name))).sort();
}

function named(name: string, manifests: string): unknown[] {
  return parseAllDocuments(manifests)
    .map((document) => document.toJS() as unknown)
    .filter((object) => valueAt(object, 'metadata', 'name') === name);
}

async function assertRejects(promise: Promise<unknown>, reason: RegExp): Promise<void> {
  const error = await promise.then(
    () => undefined,
    (refusal: unknown) => refusal,
  );
  assert.match(error instanceof Error ? error.message : 'accepted', reason);
}
