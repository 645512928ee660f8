import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { isDone, phaseOf } from '../../lab/kubernetes/pod-phase.ts';

type Policy = 'Always' | 'OnFailure' | 'Never' | undefined;

const CASES: [policy: Policy, exitCodes: (number | undefined)[], phase: string, done: boolean[]][] =
  [
    [undefined, [0], 'Running', [false]],
    ['Always', [1], 'Running', [false]],
    ['OnFailure', [undefined], 'Running', [false]],
    ['OnFailure', [0], 'Succeeded', [true]],
    ['OnFailure', [1], 'Running', [false]],
    ['Never', [undefined], 'Running', [false]],
    ['Never', [0], 'Succeeded', [true]],
    ['Never', [1], 'Failed', [true]],
    ['Never', [137, 0], 'Failed', [true, true]],
    ['Never', [1, undefined], 'Running', [true, false]],
    ['Never', [], 'Running', []],
  ];
for (const [policy, exitCodes, phase, done] of CASES) {
  const ended = exitCodes.map((code) => code ?? 'runs').join(' and ') || 'nothing yet';
  test(`restart policy ${policy ?? 'unset'}, exit code ${ended}: ${phase}`, () => {
    const runs = exitCodes.map((exitCode) => ({ exitCode }));
    assert.is(phaseOf(runs, policy), phase);
    assert.equal(
      runs.map((run) => isDone(run, policy)),
      done,
    );
  });
}

test.run();
