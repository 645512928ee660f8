import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CONTROLLER_SETTINGS } from '../../modules/metallb/src/settings/controller-settings.ts';
import { NODE_SETTINGS } from '../../modules/metallb/src/settings/node-settings.ts';
import type { Setting } from '../../modules/metallb/src/settings/settings.ts';
import { CHART, readChartYaml } from './chart-files.ts';
import { isAsExpected } from './expected-file.ts';
import {
  CONFIG_SCHEMA,
  defaultsOf,
  type SettingsSchema,
  VALUES_SCHEMA,
  walkSettings,
} from './settings-schema.ts';
import { valuesFile } from './values-file.ts';
import { helmSchema } from './values-schema.ts';

/** Where a value of the chart becomes a flag of a program. */
const FLAGS: Readonly<Record<string, Setting<unknown>>> = {
  logLevel: NODE_SETTINGS.logLevel,
  hookRunner: CONTROLLER_SETTINGS.hookRunner,
  coolDownMs: CONTROLLER_SETTINGS.coolDownMs,
  legacyConfigMap: NODE_SETTINGS.legacyConfigMap,
  metallbPoolPolicy: NODE_SETTINGS.metallbPoolPolicy,
  followEndpoints: NODE_SETTINGS.followEndpoints,
  'bgp.listenPort': NODE_SETTINGS.bgpListenPort,
  'heartbeat.intervalMs': NODE_SETTINGS.heartbeatIntervalMs,
  'heartbeat.multiplier': NODE_SETTINGS.heartbeatMultiplier,
  'heartbeat.group': NODE_SETTINGS.heartbeatGroup,
  holdDownMs: NODE_SETTINGS.holdDownMs,
  announceRate: NODE_SETTINGS.announceRate,
  backgroundRate: NODE_SETTINGS.backgroundRate,
  excludeInterfaces: NODE_SETTINGS.excludeInterfaces,
  'kubeProxy.metricsUrl': NODE_SETTINGS.kubeProxyMetricsUrl,
  'kubeProxy.waitMs': NODE_SETTINGS.dataplaneWaitMs,
};

const nodes = new Map<string, SettingsSchema>(walkSettings(VALUES_SCHEMA));

test('values.yaml holds the defaults of the schema', () => {
  const { metallb } = readChartYaml('values.yaml') as { metallb: object };
  const { internal: _, ...defaults } = defaultsOf(VALUES_SCHEMA.properties ?? {}) as {
    internal: unknown;
  };
  // Empty ones that stand in values.yaml for the sake of the templates.
  assert.equal(metallb, { nodeSelector: {}, tolerations: [], ...defaults });
});

test('values.yaml shows each setting with what it means', () => {
  isAsExpected(new URL('values.yaml', CHART), valuesFile());
});

test('values.schema.json is what the OpenAPI schemas say', () => {
  const text = `${JSON.stringify(helmSchema(), undefined, 2)}\n`;
  isAsExpected(new URL('values.schema.json', CHART), text);
});

for (const [path, setting] of Object.entries(FLAGS)) {
  const node = nodes.get(path);

  test(`${path} has the default and the limits of the program's setting`, () => {
    assert.ok(node, 'not in the schema');
    const accepts = (value: unknown) => 'value' in setting.parse(String(value));
    assert.is(String(node?.default), setting.default);
    for (const value of [node?.default, ...(node?.['x-examples'] ?? [])]) {
      assert.ok(accepts(value), `the program refuses ${value}`);
    }
    if (node?.type === 'integer') {
      const { minimum = Number.NaN, maximum = Number.NaN } = node;
      assert.ok(accepts(minimum) && accepts(maximum), 'the program refuses a limit of the schema');
      assert.not.ok(accepts(minimum - 1) || accepts(maximum + 1), 'the schema is stricter');
    }
    for (const word of (node?.['enum'] ?? []) as string[]) assert.ok(accepts(word), word);
  });
}

test('every setting is described, members of lists too', () => {
  const all = [...walkSettings(VALUES_SCHEMA)].filter(
    ([path]) => path !== '' && !path.endsWith('[]'),
  );
  // Alternatives of a `oneOf` have the path of what they are alternatives of.
  const told = new Set(all.flatMap(([path, node]) => (node.description ? [path] : [])));
  assert.equal(
    all.map(([path]) => path).filter((path) => !told.has(path)),
    [],
  );
});

test('no object takes members that are not described', () => {
  for (const [path, node] of walkSettings(VALUES_SCHEMA)) {
    const isOpen = node.type === 'object' && node.additionalProperties === undefined;
    assert.not.ok(isOpen && node.oneOf === undefined, `${path} takes anything`);
  }
});

test('every setting of a ModuleConfig has an example, as Deckhouse shows them', () => {
  const missing = Object.entries(CONFIG_SCHEMA.properties ?? {})
    .filter(([, node]) => node.properties === undefined && node['x-examples'] === undefined)
    .map(([name]) => name);
  assert.equal(missing, []);
});

/** What readers of both languages are told; what only tells alternatives of a `oneOf` apart is for nobody to read. */
function described(schema: SettingsSchema): string[] {
  return [...walkSettings(schema)]
    .filter(([path, node]) => node.description !== undefined && !path.endsWith('[]'))
    .map(([path]) => path)
    .filter((path) => !path.startsWith('internal') && !path.includes('matchExpressions[]'))
    .sort();
}

for (const file of ['config-values', 'values']) {
  test(`openapi/doc-ru-${file}.yaml describes each setting of ${file}.yaml, and no others`, () => {
    const original = readChartYaml(`openapi/${file}.yaml`) as SettingsSchema;
    const translated = readChartYaml(`openapi/doc-ru-${file}.yaml`) as SettingsSchema;
    assert.ok(described(original).length > 0);
    assert.equal(described(translated), described(original));
  });
}

test.run();
