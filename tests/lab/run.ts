import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { buildLabImages } from '../../lab/kubernetes/lab-image.ts';
import type { StoreKind } from '../../lab/lab.ts';
import { becomeRoot } from '../../lab/root.ts';
import { ScenarioRunner } from '../../lab/runner.ts';
import { playsOn, type Scenario, type ScenarioOptions } from '../../lab/scenario.ts';

/**
 * Plays the lab scenarios: `run.ts [--only WORD] [--repeat N] [--store manifests|kubernetes] [--short]`; a short run
 * leaves out what takes long or plays on the other store too. The last line counts them.
 */
const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    repeat: { type: 'string', default: '1' },
    store: { type: 'string', default: 'manifests' },
    short: { type: 'boolean', default: false },
  },
});

/** What is not timed waits most of the time. */
const LANES: Readonly<Record<StoreKind, number>> = { manifests: 2, kubernetes: 1 };

const write = (text: string) => process.stdout.write(`${text}\n`);

becomeRoot();
const { passed, failed } = await playSelected();
write(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;

async function playSelected(): Promise<{ passed: number; failed: number }> {
  const all = await loadScenarios();
  const store = values.store === 'kubernetes' ? 'kubernetes' : 'manifests';
  const selected = all
    .filter((one) => one.name.includes(values.only) && playsOn(one, store))
    .filter(({ options }) => !values.short || isInShortRun(options, store));
  if (selected.length === 0) write(`no scenario on ${store} whose name holds "${values.only}"`);
  // Images take longer than all that needs none of them: whoever wants one finds it, or hears why there is none.
  const release = selected.find(({ options }) => options.lab?.release)?.options.lab?.release;
  if (release !== undefined) void buildLabImages(release).catch(() => undefined);
  const lanes = LANES[store];
  return new ScenarioRunner(write, store).playAll(selected, {
    lanes,
    repeat: Number(values.repeat),
  });
}

/** On an API server, most of what plays on manifests too is left out. */
function isInShortRun(options: ScenarioOptions, store: StoreKind): boolean {
  const { stores, isLong, inEachShortRun } = options;
  return !isLong && (store === 'manifests' || stores !== undefined || inEachShortRun === true);
}

/** @throws when a scenario file holds none, or two scenarios share a name */
async function loadScenarios(): Promise<Scenario[]> {
  const all: Scenario[] = [];
  for (const file of scenarioFiles()) {
    const module: { scenarios?: readonly Scenario[] } = await import(pathToFileURL(file).href);
    if (!module.scenarios?.length) throw new Error(`${file} exports no scenarios`);
    all.push(...module.scenarios);
  }
  const names = new Set(all.map((one) => one.name));
  if (names.size !== all.length) throw new Error('two scenarios have the same name');
  return all;
}

function scenarioFiles(): string[] {
  const folders = [
    import.meta.dirname,
    ...['cluster', 'journeys'].map((name) => join(import.meta.dirname, '..', name)),
  ];
  return folders.flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.lab.ts'))
      .map((name) => join(folder, name)),
  );
}
