import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  CONDITION_REASONS,
  CONTROLLER_EVENTS,
  HOST_CONDITIONS,
  SEGMENT_CONDITIONS,
  SPEAKER_EVENTS,
} from '../../modules/metallb/src/api/conditions.ts';
import { BGP_KINDS, CHILD_KIND, CLASS_KIND } from '../../modules/metallb/src/api/names.ts';

const NAME = 'docs/reference/conditions-and-events.md';
const root = new URL('../../', import.meta.url);
const page = readFileSync(new URL(NAME, root), 'utf8');

/** The table of a section: its cells by row, without what makes them code. */
function rowsUnder(heading: string): string[][] {
  const [, section = ''] = page.split(`# ${heading}\n`);
  const [text = ''] = section.split(/^#/m);
  return text
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.slice(2, -2).split(' | '))
    .map(([name = '', second = '', ...others]) => [bare(name), bare(second), ...others]);
}

function bare(cell: string): string {
  return cell.replaceAll('`', '');
}

const pairs = (byType: Readonly<Record<string, readonly string[]>>) =>
  Object.entries(byType).flatMap(([type, reasons]) => reasons.map((reason) => `${type} ${reason}`));
const told = (event: 'yes' | 'no') => (name: string) => `${name} ${event}`;
const firstTwo = ([first, second]: readonly string[]) => `${first} ${second}`;
const first = ([name = '']: readonly string[]) => name;

const tables: readonly {
  readonly heading: string;
  readonly key: (row: readonly string[]) => string;
  readonly written: readonly string[];
}[] = [
  {
    heading: 'Conditions of a Service',
    key: firstTwo,
    written: pairs(CONDITION_REASONS.Service),
  },
  {
    heading: 'Conditions of a class',
    key: firstTwo,
    written: pairs(CONDITION_REASONS[CLASS_KIND]),
  },
  {
    heading: 'Conditions of a pool',
    key: firstTwo,
    written: pairs(CONDITION_REASONS.IPAddressPool),
  },
  {
    heading: 'Conditions of an L2Advertisement',
    key: firstTwo,
    written: pairs(CONDITION_REASONS.L2Advertisement),
  },
  ...BGP_KINDS.map((kind) => ({
    heading: `Conditions of a ${kind}`,
    key: firstTwo,
    written: pairs(CONDITION_REASONS[kind]),
  })),
  {
    heading: 'Conditions of a ConfigurationState',
    key: firstTwo,
    written: pairs(CONDITION_REASONS.ConfigurationState),
  },
  {
    heading: 'Conditions of a child',
    key: firstTwo,
    written: pairs(CONDITION_REASONS[CHILD_KIND]),
  },
  {
    heading: 'Conditions of a Node',
    key: firstTwo,
    written: [...SEGMENT_CONDITIONS.map(told('yes')), ...HOST_CONDITIONS.map(told('no'))],
  },
  { heading: 'From the controller', key: first, written: CONTROLLER_EVENTS },
  { heading: 'From the speakers', key: first, written: SPEAKER_EVENTS },
];
for (const { heading, key, written } of tables) {
  test(`${NAME} has a row for each of "${heading}", with what to do, and none besides`, () => {
    const rows = rowsUnder(heading);
    assert.equal(rows.map(key).sort(), [...written].sort());
    const [width = 0] = new Set(rows.map((row) => row.length));
    assert.ok(width >= 4, 'what it is, what it means, what to do');
    for (const row of rows) {
      assert.is(row.length, width, row.join(' | '));
      assert.ok(
        row.every((cell) => cell.trim() !== ''),
        row.join(' | '),
      );
    }
  });
}

test('each of these words is written somewhere', () => {
  const folder = new URL('modules/metallb/', root);
  const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => /^(?:src|hooks)\/.*\.ts$/.test(file) && file !== 'src/api/conditions.ts')
    .map((file) => readFileSync(new URL(file, folder), 'utf8'))
    .join('\n');
  const words = [
    ...Object.values(CONDITION_REASONS).flatMap((byType) => Object.values(byType).flat()),
    ...[...SEGMENT_CONDITIONS, ...HOST_CONDITIONS, ...CONTROLLER_EVENTS, ...SPEAKER_EVENTS],
  ];
  // AddressConflictOver is made of a name and its end.
  const missing = words.filter((word) => !sources.includes(`'${word.replace(/Over$/, '')}'`));
  assert.equal([...new Set(missing)], []);
});

test.run();
