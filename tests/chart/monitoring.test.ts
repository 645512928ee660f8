import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readChartFile, readChartYaml } from './chart-files.ts';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}

const DASHBOARD = 'monitoring/grafana-dashboards/kubernetes-cluster/metallb-l2.json';
const groups = readChartYaml('monitoring/prometheus-rules/metallb.yaml') as { rules: Rule[] }[];
const rules = groups.flatMap((group) => group.rules);
const deckhouseRules = (
  readChartYaml('monitoring/prometheus-rules/deckhouse.yaml') as { rules: Rule[] }[]
).flatMap((group) => group.rules);
const dashboard = JSON.parse(readChartFile(DASHBOARD)) as {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string }[] };
};

/** Labels of each metric, as tests/docs/metrics.test.ts keeps that page level with the programs. */
const reference = readFileSync(new URL('../../docs/reference/metrics.md', import.meta.url), 'utf8');
const labelsOf = new Map(
  [...reference.matchAll(/^\| `(metallb_\w+)` \|([^|]*)\|/gm)].map(([, name = '', labels = '']) => [
    name,
    [...labels.matchAll(/`(\w+)`/g)].map(([, label = '']) => label),
  ]),
);
/** Added by Prometheus: from the PodMonitor, and to histograms. */
const ADDED = ['node', 'pod', 'instance', 'job', 'le'];

const queries: [where: string, expr: string][] = [
  ...rules.map(({ alert, expr }): [string, string] => [alert, expr]),
  ...dashboard.panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }): [string, string] => [`panel ${title}`, expr]),
  ),
];

for (const [where, expr] of queries) {
  test(`${where} asks for metrics and labels that exist`, () => {
    const names = [...expr.matchAll(/\bmetallb_\w+/g)].map(([name]) => name);
    assert.ok(names.length > 0, 'no metric');
    const known = names.map((name) => labelsOf.get(name.replace(/_(?:bucket|count|sum)$/, '')));
    assert.equal(
      names.filter((_, index) => known[index] === undefined),
      [],
    );
    const labels = [...known.flatMap((list) => list ?? []), ...ADDED];
    const asked = [
      ...[...expr.matchAll(/(?:by|on) \(([^)]*)\)/g)].flatMap(([, list = '']) =>
        list.split(/,\s*/),
      ),
      ...[...expr.matchAll(/(\w+)=~?"/g)].map(([, label = '']) => label),
    ];
    assert.equal(
      asked.filter((label) => !labels.includes(label)),
      [],
    );
  });

  test(`${where} closes what it opens`, () => {
    const count = (character: string) => expr.split(character).length;
    assert.is(count('('), count(')'));
    assert.is(count('{'), count('}'));
  });
}

test('there is an alert for each metric that the page says to alert on', () => {
  const [, advice = ''] = reference.split('## What to alert on');
  const named = [...new Set(advice.match(/metallb_\w+/g))];
  assert.ok(named.length > 8, named.join());
  const asked = rules.map(({ expr }) => expr).join('\n');
  assert.equal(
    named.filter((name) => !new RegExp(`\\b${name}\\b`).test(asked)),
    [],
  );
});

test('alerts of Deckhouse ask for all metrics of the hooks, and no others', () => {
  const hooks = new URL('../../modules/metallb/hooks/', import.meta.url);
  const files = readdirSync(hooks).filter((file) => file.endsWith('.ts'));
  const sources = files.map((file) => readFileSync(new URL(file, hooks), 'utf8'));
  const namesIn = (texts: readonly string[]) =>
    [...new Set(texts.flatMap((text) => text.match(/\bd8_metallb_\w+/g) ?? []))].sort();
  const asked = namesIn(deckhouseRules.map(({ expr }) => expr));
  assert.ok(asked.length > 0);
  assert.equal(asked, namesIn(sources));
});

for (const { alert, labels, annotations } of [...rules, ...deckhouseRules]) {
  test(`${alert} has the labels and texts that Deckhouse shows`, () => {
    assert.match(alert, /^(?:D8)?Metallb[A-Z]\w+$/);
    assert.match(labels['severity'] ?? '', /^(?:warning|critical)$/);
    assert.match(labels['severity_level'] ?? '', /^[3-9]$/);
    assert.match(labels['tier'] ?? '', /^(?:cluster|application)$/);
    assert.is(annotations['plk_protocol_version'], '1');
    assert.ok(annotations['summary'] && annotations['description']);
  });
}

test('queries of the dashboard ask by what its reader chooses, and by nothing else', () => {
  const exprs = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
  const asked = exprs.flatMap((expr) => [...expr.matchAll(/=~"\$(\w+)"/g)].map(([, name]) => name));
  const chosen = dashboard.templating.list.map(({ name }) => name);
  assert.equal(
    [...new Set(asked)].sort(),
    chosen.filter((name) => name !== 'ds_prometheus').sort(),
  );
});

test('no two alerts or panels are called alike', () => {
  const alerts = rules.map(({ alert }) => alert);
  const panels = dashboard.panels.map(({ id }) => id);
  assert.is(new Set(alerts).size, alerts.length);
  assert.is(new Set(panels).size, panels.length);
});

test.run();
