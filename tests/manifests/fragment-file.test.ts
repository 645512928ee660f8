import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CoalescedFile } from '../../modules/metallb/src/manifests/fragment-file.ts';
import { FakeClock } from '../support/fake-clock.ts';

/** A file on a disk that is full for as long as a test says. */
function fileOf(content: () => string | undefined) {
  const clock = new FakeClock();
  const disk = { isFull: false, written: [] as string[] };
  const write = (_path: string, text: string) => {
    if (disk.isFull) throw new Error('no space left on device');
    disk.written.push(text);
  };
  const remove = (path: string) => disk.written.push(`no ${path}`);
  const file = new CoalescedFile({ clock, files: { write, remove } }, 'n1.yaml', content);
  const settled = () =>
    file.settle().then(
      () => 'written',
      (error: Error) => `${error.name}: ${error.message}`,
    );
  return { clock, disk, file, settled };
}

test('changes of a moment are one write', async () => {
  let content = '1';
  const { clock, disk, file, settled } = fileOf(() => content);
  file.change();
  const first = settled();
  content = '2';
  file.change();
  const second = settled();
  clock.advance(10);
  assert.equal([await first, await second], ['written', 'written']);
  assert.equal(disk.written, ['2']);
});

test('a write that failed is told, and tried again until it is done', async () => {
  const { clock, disk, file, settled } = fileOf(() => 'content');
  disk.isFull = true;
  file.change();
  const outcome = settled();
  clock.advance(10);
  assert.is(await outcome, "StoreUnavailableError: can't write n1.yaml");
  clock.advance(5_000);
  disk.isFull = false;
  clock.advance(1_010);
  assert.equal(disk.written, ['content']);
  clock.advance(10_000);
  assert.equal(disk.written, ['content'], 'once');
});

test('where there is nothing to say there is no file', async () => {
  const { clock, disk, file, settled } = fileOf(() => undefined);
  file.change();
  const outcome = settled();
  clock.advance(10);
  assert.is(await outcome, 'written');
  assert.equal(disk.written, ['no n1.yaml']);
});

test('a file that was stopped is not written again', async () => {
  const { clock, disk, file } = fileOf(() => 'content');
  disk.isFull = true;
  file.change();
  const outcome = file.stop().then(
    () => 'written',
    () => 'failed',
  );
  clock.advance(10);
  assert.is(await outcome, 'failed');
  disk.isFull = false;
  clock.advance(10_000);
  assert.equal(disk.written, []);
});

test.run();
