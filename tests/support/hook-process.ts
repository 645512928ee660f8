import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a run of a hook leaves behind. */
export interface HookRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** What the operator would read, line by line. */
  readonly operations: readonly unknown[];
  readonly metrics: readonly unknown[];
  readonly valuesPatch: readonly unknown[];
}

interface HookInput {
  readonly args?: readonly string[];
  readonly contexts?: unknown;
  readonly values?: unknown;
  /** Files as they are, whole or not. */
  readonly rawContexts?: string;
  readonly rawValues?: string;
}

/** Runs an executable hook as an operator does: with files, from somewhere else, with next to no environment. */
export function runHookProcess(path: string, input: HookInput = {}): HookRun {
  const directory = mkdtempSync(join(tmpdir(), 'hook-'));
  const file = (name: string, value: unknown, raw?: string) => {
    const target = join(directory, name);
    writeFileSync(target, raw ?? (value === undefined ? '' : JSON.stringify(value)));
    return target;
  };
  const patchFile = file('patch', undefined);
  const metricsFile = file('metrics', undefined);
  const valuesFile = file('values-patch', undefined);
  try {
    const { status, stdout, stderr } = spawnSync(path, input.args ?? [], {
      cwd: '/',
      encoding: 'utf8',
      env: {
        PATH: process.env['PATH'],
        BINDING_CONTEXT_PATH: file('context.json', input.contexts, input.rawContexts),
        VALUES_PATH: file('values.json', input.values ?? {}, input.rawValues),
        KUBERNETES_PATCH_PATH: patchFile,
        METRICS_PATH: metricsFile,
        VALUES_JSON_PATCH_PATH: valuesFile,
      },
    });
    return {
      code: status,
      stdout,
      stderr,
      operations: linesOf(patchFile),
      metrics: linesOf(metricsFile),
      valuesPatch: linesOf(valuesFile),
    };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function linesOf(path: string): unknown[] {
  const text = readFileSync(path, 'utf8');
  return text === ''
    ? []
    : text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
}
