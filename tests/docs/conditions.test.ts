import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  CHILD_CONDITION,
  SERVICE_CONDITION,
} from '../../modules/metallb/hooks/lib/service-condition.ts';
import { CONDITION } from '../../modules/metallb/src/api/names.ts';
import { nodeCondition } from '../../modules/metallb/src/speaker/node-condition.ts';
import { HOST_CONDITIONS } from '../../modules/metallb/src/speaker/node-health.ts';
import { STATE_NOT_KEPT } from '../../modules/metallb/src/speaker/state-keeper.ts';
import { WireState } from '../../modules/metallb/src/speaker/wire-state.ts';

const page = readFileSync(new URL('../../docs/reference/crds.md', import.meta.url), 'utf8');
/** The first column, by the heading of its section. */
function listedUnder(heading: string): string[] {
  const [, section = ''] = page.split(`\n## ${heading}\n`);
  const [rows = ''] = section.split('\n## ');
  return [...rows.matchAll(/^\| `([\w./-]+)` \|/gm)].map(([, name = '']) => name);
}

const written: [string, readonly string[]][] = [
  ['Conditions of a Service', Object.values(SERVICE_CONDITION)],
  ['Nodes', new WireState().nodeConditions().map(({ type }) => type)],
  ['Nodes', [...HOST_CONDITIONS, STATE_NOT_KEPT].map((name) => nodeCondition(name, []).type)],
  ['SDNInternalL2LBService', [...Object.values(CHILD_CONDITION), CONDITION.addressConflict]],
];
for (const [heading, conditions] of written) {
  test(`docs/reference/crds.md lists every condition under "${heading}"`, () => {
    const listed = listedUnder(heading);
    assert.equal(
      conditions.filter((condition) => !listed.includes(condition)),
      [],
    );
  });
}

test.run();
