import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { corpusFolders, readCorpus } from './corpus.ts';
import { judge } from './fuzzer.ts';
import { TARGETS } from './targets.ts';

test('every folder of the corpus belongs to a target', () => {
  const names = TARGETS.map(({ name }) => name);
  assert.equal(
    corpusFolders().filter((folder) => !names.includes(folder)),
    [],
  );
});

for (const target of TARGETS) {
  test(`${target.name} holds what it promises for its seeds and its corpus`, () => {
    const corpus = readCorpus(target);
    assert.ok(target.seeds.length + corpus.length > 0);
    for (const input of target.seeds) assert.is(judge(target, input)?.message, undefined);
    for (const { name, input } of corpus) assert.is(judge(target, input)?.message, undefined, name);
  });
}

test.run();
