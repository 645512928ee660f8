import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { CleanUp, isEnding, runBeforeExit } from '../../lab/cleanup.ts';
import { ClientAuthority } from '../../lab/kubernetes/client-authority.ts';
import { startControlPlane } from '../../lab/kubernetes/control-plane.ts';
import { applyDefinitions } from '../../lab/kubernetes/module.ts';
import { withTimedRun, withUntimedRun } from '../../lab/lock.ts';
import type { RunCounts } from '../../lab/runner.ts';
import type { ClusterScenario, TestCluster } from './cluster-scenario.ts';

/** Plays what needs a real API server: `run.ts [--only WORD] [--short]`. The last line counts the scenarios. */
const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    short: { type: 'boolean', default: false },
  },
});
const DEFAULT_DEADLINE_MS = 60_000;
const LOG_LINES_SHOWN = 5;

const write = (line: string) => process.stdout.write(`${line}\n`);

const selected = (await loadScenarios()).filter(
  ({ name, isLong }) => name.includes(values.only) && !(values.short && isLong),
);
if (selected.length === 0) write(`no scenario's name holds "${values.only}"`);
const { passed, failed } = await playAll(selected);
write(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 || passed === 0 ? 1 : 0);

/** @throws when a scenario file holds none, or two scenarios share a name */
async function loadScenarios(): Promise<ClusterScenario[]> {
  const all: ClusterScenario[] = [];
  const files = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.cluster.ts'));
  for (const file of files) {
    const module: { scenarios?: readonly ClusterScenario[] } = await import(
      pathToFileURL(join(import.meta.dirname, file)).href
    );
    if (!module.scenarios?.length) throw new Error(`${file} exports no scenarios`);
    all.push(...module.scenarios);
  }
  const names = new Set(all.map((one) => one.name));
  if (names.size !== all.length) throw new Error('two scenarios have the same name');
  return all;
}

async function playAll(scenarios: readonly ClusterScenario[]): Promise<RunCounts> {
  const counts = { passed: 0, failed: 0 };
  if (scenarios.length === 0) return counts;
  const directory = mkdtempSync(join(tmpdir(), 'metallb-cluster-'));
  const cleanUp = new CleanUp();
  cleanUp.push(() => rmSync(directory, { recursive: true, force: true }));
  runBeforeExit(cleanUp);
  try {
    const clients = new ClientAuthority(directory);
    await clients.create();
    const { plane, api } = await startControlPlane(directory, {
      controllerManager: true,
      apiServerFlags: [
        // No Pod has an address on this loopback: a webhook's Service is a name for it.
        '--enable-aggregator-routing=false',
        `--client-ca-file=${clients.certificateFile}`,
      ],
    });
    cleanUp.push(async () => {
      api.close();
      await plane.stop();
    });
    const tell = (told: string) => write(`     ${told}`);
    const cluster = { plane, api, clients, directory, tell };
    await applyDefinitions(api);
    for (const one of scenarios) {
      if (isEnding()) break;
      const play = () => succeeds(one, cluster);
      const alone = one.timed ? withTimedRun : withUntimedRun;
      const isFine = await (one.locksItself ? play() : alone(play));
      counts[isFine ? 'passed' : 'failed'] += 1;
    }
    return counts;
  } finally {
    await cleanUp.run();
  }
}

async function succeeds(one: ClusterScenario, cluster: TestCluster): Promise<boolean> {
  const startedAt = performance.now();
  const seconds = () => ((performance.now() - startedAt) / 1_000).toFixed(1);
  try {
    await withDeadline(one.play(cluster), one.deadlineMs ?? DEFAULT_DEADLINE_MS);
    write(`ok   ${one.name}  ${seconds()} s`);
    return true;
  } catch (error) {
    write(`FAIL ${one.name}  ${seconds()} s`);
    write(describe(error));
    for (const program of cluster.plane.programs()) {
      write(`--- last lines of ${program.name}`);
      for (const line of program.lastLogLines(LOG_LINES_SHOWN)) write(`    ${line}`);
    }
    return false;
  }
}

/** With the two values that a failed assertion compared. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const details = 'details' in error && typeof error.details === 'string' ? error.details : '';
  return `${error.stack}\n${details}`.trimEnd();
}

async function withDeadline<Value>(play: Promise<Value>, deadlineMs: number): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${deadlineMs} ms`)), deadlineMs);
  });
  try {
    return await Promise.race([play, tooLong]);
  } finally {
    clearTimeout(timer);
  }
}
