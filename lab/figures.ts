import { parseArgs } from 'node:util';
import { type FigureGroup, measure } from './figure.ts';
import { clusterFigures } from './figures-cluster.ts';
import { metallbFigures } from './figures-metallb.ts';
import { nodeFigures } from './figures-node.ts';
import { replyFigures } from './figures-reply.ts';
import { controllerScale, SCALES } from './figures-scale.ts';
import { startLab } from './lab.ts';
import { withTimedRun } from './lock.ts';
import { becomeRoot } from './root.ts';
import { summarise } from './statistic.ts';
import { columns } from './story.ts';

/** Measures what design promises: many trials of each kind, one node after the other. `figures.ts [--trials N] [--only WORD]` */
const { values } = parseArgs({
  options: { trials: { type: 'string', default: '20' }, only: { type: 'string', default: '' } },
});
const TRIALS = Number(values.trials);

becomeRoot();
await withTimedRun(measureAll);

async function measureAll(): Promise<void> {
  const rows: string[][] = [['figure', 'unit', 'n', 'min', 'p50', 'p90', 'p99', 'max']];
  for (const group of [
    nodeFigures(TRIALS),
    replyFigures(),
    clusterFigures(TRIALS),
    metallbFigures(TRIALS),
  ]) {
    rows.push(...(await measureGroup(group)));
  }
  for (const services of SCALES) {
    if (!isSelected(`controller-scale-${services}`)) continue;
    for (const line of await controllerScale(services)) print(line);
  }
  if (rows.length === 1) return;
  print('');
  for (const line of columns(rows)) print(line);
}

/** @returns a row for each figure; no lab is built where none is asked for */
async function measureGroup(group: FigureGroup): Promise<string[][]> {
  const { lab: options, figures, prepare, ratios = [] } = group;
  const selected = figures.filter(({ name }) => isSelected(name));
  if (selected.length === 0) return [];
  const rows: string[][] = [];
  const medians = new Map<string, number>();
  const lab = await startLab(options);
  try {
    await prepare?.(lab);
    for (const figure of selected) {
      for (const [name, samples] of await measure(lab, figure)) {
        const summary = summarise(samples);
        medians.set(name, summary.p50);
        print(JSON.stringify({ scenario: name, unit: figure.unit, ...summary }));
        rows.push([name, figure.unit, ...Object.values(summary).map(String)]);
      }
    }
  } finally {
    await lab.stop();
  }
  for (const [ours = '', theirs = ''] of ratios) {
    const ratio = (medians.get(ours) ?? Number.NaN) / (medians.get(theirs) ?? Number.NaN);
    print(JSON.stringify({ ratio: Number(ratio.toFixed(2)), of: ours, to: theirs }));
  }
  return rows;
}

function isSelected(name: string): boolean {
  return name.includes(values.only);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
