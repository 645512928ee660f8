import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { run, until } from '../../lab/exec.ts';
import { Machine } from '../../lab/machine.ts';

const machines = suite<{ directory: string; file: string }>('machine');

machines.before.each((context) => {
  context.directory = mkdtempSync(join(tmpdir(), 'metallb-machine-'));
  context.file = join(context.directory, 'lock');
});

machines.after.each(({ directory }) => {
  rmSync(directory, { recursive: true });
});

machines(
  'is one’s own when everybody else has ended, and what that takes is told',
  async ({ file }) => {
    const events: string[] = [];
    await Machine.share(async (machine) => {
      assert.is(machine.waitedMs, 0);
      const alone = () => machine.alone(async () => void events.push('alone'));
      let measured: Promise<void> | undefined;
      await Machine.share(async () => {
        measured = alone();
        await until({ what: 'it waits', deadlineMs: 5_000 }, () => machine.waitedMs > 0);
        events.push('the other ends');
      }, file);
      await measured;
      assert.ok(machine.wasAlone);
    }, file);
    assert.equal(events, ['the other ends', 'alone']);
  },
);

machines('is had by one after the other of those who share it', async ({ file }) => {
  const inside = new Set<string>();
  const play = (name: string) =>
    Machine.share(async (machine) => {
      for (const round of ['once', 'again']) {
        await machine.alone(async () => {
          inside.add(name);
          assert.equal([...inside], [name], round);
          await new Promise(setImmediate);
          inside.delete(name);
        });
      }
    }, file);
  await Promise.all(['a', 'b', 'c'].map(play));
});

machines('is nobody’s when what was given up goes on', async ({ file }) => {
  let goOn = () => {};
  let givenUp: Promise<void> | undefined;
  await Machine.share(async (machine) => {
    await new Promise<void>((begun) => {
      const measure = () =>
        new Promise<void>((resolve) => {
          goOn = resolve;
          begun();
        });
      givenUp = machine.alone(measure);
    });
  }, file);
  goOn();
  await givenUp;
  await run(['flock', '--nonblock', file, 'true']);
});

machines.run();
