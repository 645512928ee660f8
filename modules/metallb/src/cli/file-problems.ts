import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { USER_FILES } from '../manifests/layout.ts';
import { formatManifestProblem } from '../manifests/parse-documents.ts';
import { UserFiles } from '../manifests/user-files.ts';
import { WatchedTree } from '../manifests/watched-tree.ts';
import type { Clock } from '../time/clock.ts';

/**
 * What is wrong with users' files, a sentence each. The controller says it in its log only: what a file said when it was
 * last good stays published, and who looks at that can't see why a change has no effect.
 */
export function fileProblems(directory: string, clock: Clock): string[] {
  const problems: string[] = [];
  const files = new UserFiles((problem) => problems.push(formatManifestProblem(problem)));
  const texts = new Map<string, string>();
  const report = (path: string, error: unknown) =>
    problems.push(
      `${relative(directory, path)}: ${error instanceof Error ? error.message : error}`,
    );
  for (const path of userFiles(directory, clock, report)) {
    try {
      texts.set(relative(directory, path), readFileSync(path, 'utf8'));
    } catch (error) {
      report(path, error);
    }
  }
  files.update(texts);
  return problems.sort();
}

/** The files that the controller reads. */
function userFiles(
  directory: string,
  clock: Clock,
  onUnreadable: (path: string, error: Error) => void,
): string[] {
  const tree = new WatchedTree({
    root: directory,
    clock,
    ...USER_FILES,
    onChanges: () => undefined,
    onLost: () => undefined,
    onUnreadable,
  });
  try {
    return tree.scan().map(({ path }) => path);
  } finally {
    tree.stop();
  }
}
