import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parsePage, showsTheSame } from './page.ts';

const PAGE = `# A journey

\`\`\`sh
first
\`\`\`

## What you type

\`\`\`sh
second
third
\`\`\`

\`\`\`
what they show
\`\`\`

\`\`\`sh
fourth
\`\`\`

Text lies between.

\`\`\`
not what it shows
\`\`\`

\`\`\`yaml
nor: a command
\`\`\`
`;

test('a page is read by its sections, commands with what they show directly after them', () => {
  assert.equal(parsePage(PAGE), [
    { heading: '', steps: [{ commands: 'first\n', shown: undefined }] },
    {
      heading: 'What you type',
      steps: [
        { commands: 'second\nthird\n', shown: 'what they show\n' },
        { commands: 'fourth\n', shown: undefined },
      ],
    },
  ]);
});

const cases: [string, string, string, boolean][] = [
  ['the same text is the same', 'a b\nc', 'a b\nc\n', true],
  ['runs of blanks are alike', 'a    b\nc', 'a b  \nc\n', true],
  ['another word is not', 'a b', 'a c\n', false],
  ['a line more is not', 'a', 'a\nb\n', false],
  ['a line less is not', 'a\nb', 'a\n', false],
  ['nothing is not', 'a', '', false],
  ['… is any word', 'a … c', 'a 10.96.0.7 c\n', true],
  ['… is part of a word', '80:…/TCP', '80:31763/TCP\n', true],
  ['… is several words', 'since …', 'since 3 min ago\n', true],
  ['… is no line', 'a …', 'b\na\n', false],
  ['what is beside … counts', 'a … c', 'a b d\n', false],
  ['a line of … is any number of lines', 'a\n…\nd', 'a\nb\nc\nd\n', true],
  ['and none', 'a\n…\nd', 'a\nd\n', true],
  ['other characters stand for themselves', '1.2 (a|b)', '1x2 a\n', false],
];
for (const [name, shown, printed, same] of cases) {
  test(`compared with a page, ${name}`, () => {
    assert.is(showsTheSame(shown, printed), same);
  });
}

test.run();
