import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { pathToFileURL } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { letMeasureLast } from '../../lab/measuring-last.ts';
import { bundle } from '../support/bundle.ts';

const MODULE = 'lab/measuring-last.ts';
const built = pathToFileURL((await bundle([MODULE]))(MODULE)).href;
/** Plays until its stdin ends, and then measures. */
const PROGRAM = `import { untilMeasuringIsLeft } from '${built}';
process.stdout.write('plays ');
for await (const _ of process.stdin);
await untilMeasuringIsLeft();
process.stdout.write('measures');`;

/** A run, with all that it has said. */
interface Run {
  readonly process: ChildProcess;
  said: string;
}

const test = suite('measuring last');
const running = new Set<ChildProcess>();

test.after.each(() => {
  for (const run of running) run.kill('SIGKILL');
  running.clear();
});

test('a run that has played all else waits for the one beside it, and for none that has ended', async () => {
  const [first, second, third] = await Promise.all([begin('ipc'), begin('ipc'), begin('ipc')]);
  const turn = letMeasureLast([first, second, third].map(({ process }) => process));
  const firstHasPlayed = once(first.process, 'message');
  first.process.stdin?.end();
  await firstHasPlayed;
  third.process.kill('SIGKILL');
  await once(third.process, 'close');
  assert.is(first.said, 'plays ', 'the second still plays');
  second.process.stdin?.end();
  await turn;
  await Promise.all([first, second].map(({ process }) => once(process, 'close')));
  assert.equal([first.said, second.said], ['plays measures', 'plays measures']);
});

test('a run by itself waits for nobody', async () => {
  const run = await begin('ignore');
  run.process.stdin?.end();
  await once(run.process, 'close');
  assert.is(run.said, 'plays measures');
});

test.run();

async function begin(channel: 'ipc' | 'ignore'): Promise<Run> {
  const begun = spawn(process.execPath, ['--input-type=module', '--eval', PROGRAM], {
    stdio: ['pipe', 'pipe', 'inherit', channel],
  });
  running.add(begun);
  const run: Run = { process: begun, said: '' };
  begun.stdout?.on('data', (words) => {
    run.said += words;
  });
  assert.ok(begun.stdout);
  await once(begun.stdout, 'data');
  return run;
}
