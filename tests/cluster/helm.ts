import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type CommandResult, tryRun } from '../../lab/exec.ts';
import { commandPath } from '../../lab/kubernetes/commands.ts';
import { CHART } from '../chart/chart-files.ts';

/** The oldest that the chart takes, and so the one it must be right for. */
const KUBERNETES_VERSION = '1.31.0';
export const RELEASE = 'metallb';
export const NAMESPACE = 'metallb-system';

/** Runs helm on the chart with values in a file of their own. `CHART` among the arguments is the chart's folder. */
export async function helm(args: readonly string[], values: object = {}): Promise<CommandResult> {
  const folder = mkdtempSync(join(tmpdir(), 'chart-'));
  try {
    const file = join(folder, 'values.json');
    writeFileSync(file, JSON.stringify(values));
    const chart = fileURLToPath(CHART).replace(/\/$/, '');
    const filled = args.map((arg) => (arg === 'CHART' ? chart : arg === 'VALUES' ? file : arg));
    return await tryRun(['env', `HELM_CACHE_HOME=${folder}`, commandPath('helm'), ...filled]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** @throws with what helm says */
export async function helmTemplate(
  values: object = {},
  apiVersions: readonly string[] = [],
): Promise<string> {
  const { code, stdout, stderr } = await helm(
    [
      ...['template', RELEASE, 'CHART', '--namespace', NAMESPACE, '--values', 'VALUES'],
      ...['--kube-version', KUBERNETES_VERSION],
      ...apiVersions.flatMap((version) => ['--api-versions', version]),
    ],
    values,
  );
  if (code !== 0) throw new Error(stderr);
  return stdout;
}

/** Every rendering makes another key. @throws when it is not what it should be */
export function withoutKeys(manifests: string): string {
  const encoded = /^ {2}keys: (\S+)$/m.exec(manifests)?.[1];
  if (encoded === undefined) return manifests;
  const lines = Buffer.from(encoded, 'base64').toString().split('\n');
  const keys = lines.slice(0, -1);
  const sizes = keys.map((key) => Buffer.from(key, 'base64').length);
  if (sizes.join() !== '32' || lines.at(-1) !== '') throw new Error(`keys of ${sizes} bytes`);
  return manifests.replace(encoded, 'ONE_KEY');
}
