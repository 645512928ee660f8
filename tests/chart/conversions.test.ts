import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parse } from 'yaml';
import { CHART, readChartYaml } from './chart-files.ts';
import { CONFIG_SCHEMA } from './settings-schema.ts';

interface Conversion {
  readonly version: number;
  readonly conversions: readonly string[];
  readonly description: { readonly en: string; readonly ru: string };
}

interface Case {
  readonly name: string;
  readonly currentVersion: number;
  readonly expectedVersion: number;
  readonly settings: string;
  readonly expected: string;
}

const FOLDER = 'openapi/conversions';
const { testcases } = readChartYaml(`${FOLDER}/testcases.yaml`) as { testcases: Case[] };
const conversions = readdirSync(new URL(FOLDER, CHART))
  .filter((file) => /^v\d+\.yaml$/.test(file))
  .map((file) => readChartYaml(`${FOLDER}/${file}`) as Conversion)
  .sort((a, b) => a.version - b.version);

function jq(expression: string, settings: unknown): unknown {
  const input = JSON.stringify(settings);
  const { status, stdout, stderr, error } = spawnSync('jq', [expression], {
    input,
    encoding: 'utf8',
  });
  assert.not.ok(error, 'this test needs jq');
  assert.is(status, 0, stderr);
  return JSON.parse(stdout);
}

function convert(settings: unknown, from: number, to: number): unknown {
  return conversions
    .filter(({ version }) => version > from && version <= to)
    .flatMap((conversion) => conversion.conversions)
    .reduce<unknown>((value, expression) => jq(expression, value), settings);
}

test('there is a conversion to every version but the first', () => {
  assert.is(CONFIG_SCHEMA['x-config-version'], 3);
  assert.equal(
    conversions.map(({ version }) => version),
    [2, 3],
  );
  for (const { description } of conversions) assert.ok(description.en && description.ru);
});

for (const { name, currentVersion, expectedVersion, settings, expected } of testcases) {
  test(`conversion ${name}`, () => {
    const converted = convert(parse(settings), currentVersion, expectedVersion);
    assert.equal(converted, parse(expected));
  });
}

test('converting what has been converted changes nothing', () => {
  for (const { settings, currentVersion, expectedVersion } of testcases) {
    const once = convert(parse(settings), currentVersion, expectedVersion);
    assert.equal(convert(once, currentVersion, expectedVersion), once);
  }
});

test.run();
