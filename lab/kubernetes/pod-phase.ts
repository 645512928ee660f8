import type { PodSpec } from './pod.ts';

/** The last run of a container: its exit code once it was seen to be over, undefined while it runs. */
export interface ContainerRun {
  readonly exitCode: number | undefined;
}

/** Whether a container has ended and is not to be started again, as those of a Job are not. */
export function isDone(
  { exitCode }: ContainerRun,
  restartPolicy: PodSpec['restartPolicy'] = 'Always',
): boolean {
  if (exitCode === undefined || restartPolicy === 'Always') return false;
  return restartPolicy === 'Never' || exitCode === 0;
}

/** The phase of a Pod whose containers were started; it has failed when one of them has, and all are done. */
export function phaseOf(
  runs: readonly ContainerRun[],
  restartPolicy?: PodSpec['restartPolicy'],
): 'Running' | 'Succeeded' | 'Failed' {
  if (runs.length === 0 || !runs.every((run) => isDone(run, restartPolicy))) return 'Running';
  return runs.every(({ exitCode }) => exitCode === 0) ? 'Succeeded' : 'Failed';
}
