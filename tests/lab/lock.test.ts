import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { tryRun, until } from '../../lab/exec.ts';
import { withLock } from '../../lab/lock.ts';

const locks = suite<{ directory: string; file: string }>('lock');

locks.before.each((context) => {
  context.directory = mkdtempSync(join(tmpdir(), 'metallb-lock-'));
  context.file = join(context.directory, 'machine.lock');
});

locks.after.each(({ directory }) => {
  rmSync(directory, { recursive: true });
});

locks(
  'is shared by those who share it, and by nobody beside who wants it alone',
  async ({ file }) => {
    const inside: string[] = [];
    await withLock(
      file,
      () => withLock(file, async () => void inside.push(await stateOf(file)), 'shared'),
      'shared',
    );
    await withLock(file, async () => void inside.push(await stateOf(file)));
    inside.push(await stateOf(file));
    assert.equal(inside, ['shared', 'alone', 'free']);
  },
);

locks(
  'comes to who waits to have it alone before who shares it and comes later',
  async ({ file }) => {
    const order: string[] = [];
    const enter = (name: string, mode: 'exclusive' | 'shared') =>
      withLock(file, async () => void order.push(name), mode);
    const waiting: Promise<void>[] = [];
    const fill = async () => {
      waiting.push(enter('alone', 'exclusive'));
      await until({ what: 'its turn taken', deadlineMs: 5_000 }, async () => {
        return (await stateOf(`${file}.turn`)) === 'alone';
      });
      waiting.push(enter('later', 'shared'));
    };
    await withLock(file, fill, 'shared');
    await Promise.all(waiting);
    assert.equal(order, ['alone', 'later']);
  },
);

locks.run();

async function stateOf(file: string): Promise<'free' | 'shared' | 'alone'> {
  const canBe = async (mode: string) =>
    (await tryRun(['flock', '--nonblock', mode, file, 'true'])).code === 0;
  if (await canBe('--exclusive')) return 'free';
  return (await canBe('--shared')) ? 'shared' : 'alone';
}
