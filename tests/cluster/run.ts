import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { isEnding } from '../../lab/cleanup.ts';
import { Machine } from '../../lab/machine.ts';
import { untilMeasuringIsLeft } from '../../lab/measuring-last.ts';
import type { ClusterScenario } from './cluster-scenario.ts';
import { Lane } from './lane.ts';

/**
 * Plays what needs a real API server: `run.ts [--only WORD] [--short]`. The last line counts the scenarios. Those of a
 * file are played on one API server, in their order, but for what wants the machine to itself for a while: that comes last.
 */
const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    short: { type: 'boolean', default: false },
  },
});
/** API servers side by side. */
const LANES = 2;

const write = (text: string) => process.stdout.write(`${text}\n`);

let passed = 0;
let failed = 0;
const files = await loadScenarios();
const selected = files.map((scenarios) => scenarios.filter(isSelected)).filter(isNotEmpty);
if (selected.length === 0) write(`no scenario's name holds "${values.only}"`);
else await playAll(selected);
write(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 || passed === 0 ? 1 : 0);

/** @returns those of each file  @throws when a scenario file holds none, or two scenarios share a name */
async function loadScenarios(): Promise<readonly (readonly ClusterScenario[])[]> {
  const all: (readonly ClusterScenario[])[] = [];
  const names = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.cluster.ts'));
  for (const name of names) {
    const module: { scenarios?: readonly ClusterScenario[] } = await import(
      pathToFileURL(join(import.meta.dirname, name)).href
    );
    if (!module.scenarios?.length) throw new Error(`${name} exports no scenarios`);
    all.push(module.scenarios);
  }
  const scenarios = all.flat();
  if (new Set(scenarios.map(({ name }) => name)).size !== scenarios.length) {
    throw new Error('two scenarios have the same name');
  }
  return all;
}

function isSelected({ name, isLong }: ClusterScenario): boolean {
  return name.includes(values.only) && !(values.short && isLong);
}

function isNotEmpty(scenarios: readonly ClusterScenario[]): boolean {
  return scenarios.length > 0;
}

async function playAll(all: readonly (readonly ClusterScenario[])[]): Promise<void> {
  const waiting = all.map((file) => file.filter((one) => !wantsAll(one))).filter(isNotEmpty);
  const begin = async () => {
    const lane = await Lane.start(write);
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      for (const one of file) await count(() => playOn(lane, one));
    }
    return lane;
  };
  const more = Math.min(LANES, waiting.length) - 1;
  const [last, ...others] = await Promise.all([begin(), ...Array.from({ length: more }, begin)]);
  for (const lane of others) await lane.end();
  await untilMeasuringIsLeft();
  for (const one of all.flat().filter(wantsAll)) {
    await count(() => playOn(last, one));
  }
  await last.end();
}

function playOn(lane: Lane, one: ClusterScenario): Promise<boolean> {
  return one.locksItself ? lane.play(one) : Machine.share((machine) => lane.play(one, machine));
}

function wantsAll({ timed, locksItself }: ClusterScenario): boolean {
  return Boolean(timed || locksItself);
}

async function count(play: () => Promise<boolean>): Promise<void> {
  if (isEnding()) return;
  if (await play()) passed += 1;
  else failed += 1;
}
