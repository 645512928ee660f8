import { chmod, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from '../../lab/exec.ts';
import { commandPath } from '../../lab/kubernetes/commands.ts';
import type { Lab } from '../../lab/lab.ts';
import { bundle } from '../../lab/node-programs.ts';
import { tryCommands } from '../deckhouse/page-commands.ts';
import { readPage, type Step, showsTheSame } from './page.ts';

/** What a page can't show: played after the section with that heading. */
export type Checks = Readonly<Record<string, () => Promise<unknown>>>;

/** What the cluster does by itself after a command is there within this time, or the page promises too much. */
const PATIENCE_MS = 45_000;
const LOOK_AGAIN_MS = 200;
/** A step with one of these changes something, and is taken once. */
const CHANGES =
  /\b(?:kubectl (?:\S+ )*?(?:annotate|apply|create|delete|label|patch|replace|rollout|scale)|helm (?:in|up|un))/;

/**
 * Follows docs/NAME.md: types its commands one after the other, as they stand, and compares what they print with
 * what the page shows (`showsTheSame`). Commands that only look are given again until it is so: a reader looks twice, too.
 * @throws Error with both texts where they differ; when a command fails and the page does not show how; when no section has
 * the heading of a check
 */
export async function followPage(lab: Lab, name: string, checks: Checks = {}): Promise<void> {
  const environment = await readersEnvironment(lab);
  const sections = readPage(name);
  const headings = sections.map(({ heading }) => heading);
  const unknown = Object.keys(checks).filter((heading) => !headings.includes(heading));
  if (unknown.length > 0) throw new Error(`docs/${name}.md has no section ${unknown}`);
  for (const { heading, steps } of sections) {
    for (const step of steps) await takeStep(step, environment, `docs/${name}.md`);
    await checks[heading]?.();
  }
}

async function takeStep(
  { commands, shown }: Step,
  environment: Readonly<Record<string, string>>,
  page: string,
): Promise<void> {
  let printed = '';
  let code: number | null = 0;
  const told = () => (shown === undefined ? 'fails with' : `shows\n${shown}not`);
  const what = () => `${page}:\n${commands}${told()}\n${printed}exit code ${code}`;
  const deadlineMs = CHANGES.test(commands) ? 0 : PATIENCE_MS;
  await until({ what, deadlineMs, everyMs: LOOK_AGAIN_MS }, async () => {
    // What goes wrong is told beside, and read as well.
    ({ stdout: printed, code } = await tryCommands(`exec 2>&1\n${commands}`, environment));
    return shown === undefined ? code === 0 : showsTheSame(shown, printed);
  });
}

/**
 * Of somebody with kubectl, helm and mlb where the API server is reached, and a client outside of the cluster, where
 * `curl` and `dig` run.
 */
async function readersEnvironment(lab: Lab): Promise<Record<string, string>> {
  const { plane } = lab.kubernetes;
  const home = join(lab.directory, 'reader');
  const bin = join(home, 'bin');
  await rm(bin, { recursive: true, force: true }); // of the journey before, in the same lab
  await mkdir(bin, { recursive: true });
  const client = ['ip', 'netns', 'exec', lab.namespace('client')];
  const commands: Record<string, string[]> = {
    kubectl: plane.inNamespace([commandPath('kubectl')]),
    helm: plane.inNamespace([commandPath('helm')]),
    mlb: plane.inNamespace([process.execPath, bundle('mlb.mjs')]),
    curl: [...client, '/usr/bin/curl'],
    dig: [...client, '/usr/bin/dig'],
  };
  for (const [name, command] of Object.entries(commands)) {
    const file = join(bin, name);
    await writeFile(file, `#!/bin/sh\nexec ${command.join(' ')} "$@"\n`);
    await chmod(file, 0o755);
  }
  // Found and started by kubectl, where that runs.
  await symlink(bundle('mlb.mjs'), join(bin, 'kubectl-mlb'));
  return {
    PATH: `${bin}:${process.env['PATH']}`,
    HOME: home,
    KUBECONFIG: plane.kubeconfig('admin'),
    LC_ALL: 'C.UTF-8',
    NODE_EXTRA_CA_CERTS: '',
  };
}
