import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  parseServedPools,
  readServedPools,
  shownPools,
  withdrawServedPools,
  writeServedPools,
} from '../../modules/metallb/src/linux/served-pools.ts';
import { parseRange } from '../../modules/metallb/src/net/range.ts';

const runDir = mkdtempSync(join(tmpdir(), 'served-pools-'));
const pools = ['192.0.2.10-192.0.2.19', '2001:db8::/64']
  .map(parseRange)
  .filter((range) => typeof range !== 'string');

test('what a speaker writes is what the guard reads, and nothing is there before and afterwards', () => {
  assert.is(readServedPools(runDir), undefined);
  const served = [
    { interface: 'eth0', protocol: 'layer2', pools },
    { interface: 'eth0', protocol: 'bgp', pools: pools.slice(0, 1) },
    { interface: 'eth1', protocol: 'bgp', pools: [] },
  ] as const;
  for (const some of [[], served]) {
    writeServedPools(runDir, some);
    assert.equal(readServedPools(runDir), some);
  }
  assert.equal(readdirSync(runDir), ['served-pools.json']);
  for (const _ of ['once', 'twice']) withdrawServedPools(runDir);
  assert.is(readServedPools(runDir), undefined);
});

test('what is no pool of an interface is left out', () => {
  const written = [
    { interface: 'eth0', pools: ['192.0.2.10-192.0.2.19', 'all', 7] },
    ...[{ pools: ['192.0.2.0/24'] }, null, 'eth1', { interface: 'eth2' }],
    ...[
      { interface: 'eth3', protocol: 'bgp' },
      { interface: 'eth4', protocol: 'rip' },
    ],
  ];
  assert.equal(shownPools(parseServedPools(written)), [
    // As an earlier version wrote it.
    { interface: 'eth0', protocol: 'layer2', pools: ['192.0.2.10-192.0.2.19'] },
    { interface: 'eth2', protocol: 'layer2', pools: [] },
    { interface: 'eth3', protocol: 'bgp', pools: [] },
  ]);
  for (const nonsense of [undefined, null, {}, 'eth0']) {
    assert.equal(parseServedPools(nonsense), []);
  }
});

test('a file that is no JSON is told, not taken for one without pools', () => {
  writeFileSync(join(runDir, 'served-pools.json'), '[{');
  assert.throws(() => readServedPools(runDir), /served-pools\.json is no JSON/);
});

test.after(() => rmSync(runDir, { recursive: true }));

test.run();
