import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CONTROLLER_SETTINGS } from '../../modules/metallb/src/settings/controller-settings.ts';
import { NODE_SETTINGS } from '../../modules/metallb/src/settings/node-settings.ts';
import { settingsReference } from '../support/settings-reference.ts';

const DOCUMENT = new URL('../../docs/reference/settings.md', import.meta.url);

for (const [program, table] of [
  ['controller', CONTROLLER_SETTINGS],
  ['node', NODE_SETTINGS],
] as const) {
  test(`docs/reference/settings.md has the settings of ${program} as the program has them`, () => {
    const [, section = ''] = readFileSync(DOCUMENT, 'utf8').split(`\n## ${program}\n`);
    const found = section.slice(section.indexOf('| flag ')).split('\n\n')[0]?.trimEnd();
    assert.is(found, settingsReference(table));
  });
}

test.run();
