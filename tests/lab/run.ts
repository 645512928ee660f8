import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { becomeRoot } from '../../lab/root.ts';
import { ScenarioRunner } from '../../lab/runner.ts';
import type { Scenario } from '../../lab/scenario.ts';

/** Plays the lab scenarios: `run.ts [--only WORD] [--repeat N]`. The last line counts them. */
const { values } = parseArgs({
  options: { only: { type: 'string', default: '' }, repeat: { type: 'string', default: '1' } },
});

const write = (line: string) => process.stdout.write(`${line}\n`);

becomeRoot();
const { passed, failed } = await playSelected();
write(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;

async function playSelected(): Promise<{ passed: number; failed: number }> {
  const all = await loadScenarios();
  const selected = all.filter((one) => one.name.includes(values.only));
  if (selected.length === 0) write(`no scenario's name holds "${values.only}"`);
  return new ScenarioRunner(write).playAll(selected, Number(values.repeat));
}

/** @throws when a scenario file holds none, or two scenarios share a name */
async function loadScenarios(): Promise<Scenario[]> {
  const all: Scenario[] = [];
  for (const file of readdirSync(import.meta.dirname).filter((name) => name.endsWith('.lab.ts'))) {
    const module: { scenarios?: readonly Scenario[] } = await import(
      pathToFileURL(join(import.meta.dirname, file)).href
    );
    if (!module.scenarios?.length) throw new Error(`${file} exports no scenarios`);
    all.push(...module.scenarios);
  }
  const names = new Set(all.map((one) => one.name));
  if (names.size !== all.length) throw new Error('two scenarios have the same name');
  return all;
}
