import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  diffTables,
  emptyTable,
  LiveDutyTable,
} from '../../modules/metallb/src/duty/duty-table.ts';
import { dutyOf, dutyTable, plain } from '../support/duty-arbitraries.ts';

function liveCopy(table: Parameters<typeof diffTables>[1]): LiveDutyTable {
  const live = new LiveDutyTable();
  live.apply(diffTables(emptyTable(), table));
  return live;
}

test('the differences between two tables turn the first into the second', () => {
  fc.assert(
    fc.property(dutyTable, dutyTable, (before, after) => {
      const live = liveCopy(before);
      live.apply(diffTables(before, after));
      assert.equal(plain(live), plain(after));
    }),
  );
});

test('a table does not differ from a copy of itself', () => {
  fc.assert(
    fc.property(dutyTable, (table) => {
      assert.equal(diffTables(table, structuredClone(table)), []);
    }),
  );
});

test('no prefix of the differences holds a duty whose group both tables know or the second names', () => {
  fc.assert(
    fc.property(dutyTable, dutyTable, (before, after) => {
      const live = liveCopy(before);
      const known = new Set([...before.groups.keys()].filter((id) => after.groups.has(id)));
      for (const change of diffTables(before, after)) {
        live.apply([change]);
        if ('set' in change && change.set === 'duty' && after.groups.has(change.duty.group)) {
          assert.ok(live.groups.has(change.duty.group));
        }
        for (const id of known) assert.ok(live.groups.has(id));
      }
    }),
  );
});

test('applying tells which IPs and groups need a new decision', () => {
  const duty = dutyOf('192.0.2.1');
  const touched = new LiveDutyTable().apply([
    { set: 'group', group: { id: 'ingress', interfaces: [], members: [] } },
    { set: 'duty', duty },
    { unset: 'duty', ip: dutyOf('192.0.2.2').ip },
    { unset: 'group', id: 'media' },
    { set: 'draining', draining: true },
    { set: 'dataplane', failed: true },
    { set: 'revision', revision: 7 },
  ]);
  assert.equal([...touched.ips], ['192.0.2.1', '192.0.2.2']);
  assert.equal([...touched.groups], ['ingress', 'media']);
  assert.is(touched.draining, true);
  assert.is(touched.dataplane, true);
  assert.is(touched.pools, false);
});

test.run();
