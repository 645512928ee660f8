import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { stringify } from 'yaml';
import { tryRun } from '../../lab/exec.ts';
import { readChartFile, readChartYaml } from '../chart/chart-files.ts';
import { ALERT_CASES, type AlertCase } from './alert-cases.ts';
import type { ClusterScenario } from './cluster-scenario.ts';

interface Group {
  readonly name: string;
  readonly rules: readonly { readonly alert: string }[];
}

interface Dashboard {
  readonly panels: readonly { readonly targets?: readonly { readonly expr: string }[] }[];
}

const DASHBOARD = 'monitoring/grafana-dashboards/kubernetes-cluster/metallb-l2.json';
const SCRIPT = join(import.meta.dirname, '..', '..', '.ci', 'promtool');
const RULE_FILES = ['metallb', 'deckhouse'];

/** The alerts as a real Prometheus reads and evaluates them. */
export const scenarios: readonly ClusterScenario[] = [
  {
    name: 'alerts/each goes off when it should, and not before',
    play: async ({ directory }) => {
      const groups = RULE_FILES.flatMap(
        (name) => readChartYaml(`monitoring/prometheus-rules/${name}.yaml`) as Group[],
      );
      const alerts = groups.flatMap(({ rules }) => rules.map(({ alert }) => alert));
      assert.equal(ALERT_CASES.map(({ alert }) => alert).sort(), alerts.sort());

      const rules = join(directory, 'rules.yaml');
      const tests = join(directory, 'alerts.yaml');
      writeFileSync(rules, stringify({ groups }));
      writeFileSync(
        tests,
        stringify({
          rule_files: [rules],
          evaluation_interval: '1m',
          tests: ALERT_CASES.map(promtoolTest),
        }),
      );
      await promtool('check', 'rules', '--lint-fatal', rules);
      await promtool('test', 'rules', tests);
    },
  },
  {
    name: 'alerts/queries of the dashboard are understood',
    play: async ({ directory }) => {
      const { panels } = JSON.parse(readChartFile(DASHBOARD)) as Dashboard;
      const queries = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
      assert.ok(queries.length > 10);
      const rules = queries.map((expr, index) => ({
        record: `panel:${index}`,
        // Grafana puts a duration there.
        expr: expr.replaceAll('$__rate_interval', '5m'),
      }));
      const file = join(directory, 'dashboard.yaml');
      writeFileSync(file, stringify({ groups: [{ name: 'dashboard', rules }] }));
      await promtool('check', 'rules', file);
    },
  },
];

async function promtool(...args: readonly string[]): Promise<void> {
  const command = execFileSync(SCRIPT, ['--path'], { encoding: 'utf8' }).trim();
  const { code, stdout, stderr } = await tryRun([command, ...args]);
  assert.is(code, 0, `${stdout}${stderr}`);
}

function promtoolTest({ alert, series, quietAt, firesAt, fires }: AlertCase): object {
  const expr = `sum without (alertname, alertstate, severity, severity_level, tier) (ALERTS{alertname="${alert}", alertstate="firing"})`;
  return {
    name: alert,
    interval: '1m',
    input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
    promql_expr_test: [
      { expr, eval_time: `${quietAt}m`, exp_samples: [] },
      {
        expr,
        eval_time: `${firesAt}m`,
        exp_samples: fires.map((labels) => ({ labels: `{${labels}}`, value: 1 })),
      },
    ],
  };
}
