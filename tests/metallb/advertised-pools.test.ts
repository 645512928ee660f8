import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseL2Advertisement } from '../../modules/metallb/src/api/l2-advertisement.ts';
import { advertises } from '../../modules/metallb/src/metallb/advertised-pools.ts';
import { l2Advertisement } from '../support/metallb-objects.ts';
import { parsedValue } from '../support/parsed.ts';

const POOLS = [
  { name: 'named', labels: {} },
  { name: 'edge', labels: { zone: 'a' } },
  { name: 'core', labels: { zone: 'b' } },
  { name: 'other', labels: { zone: 'c' } },
];
const zone = (value: string) => ({ matchLabels: { zone: value } });

const rows: readonly (readonly [name: string, spec: object, about: string])[] = [
  ['what says nothing is about every pool', {}, 'named edge core other'],
  [
    'empty lists are as good as none',
    { ipAddressPools: [], ipAddressPoolSelectors: [] },
    'named edge core other',
  ],
  ['names alone', { ipAddressPools: ['named', 'core'] }, 'named core'],
  ['a name twice is no more than once', { ipAddressPools: ['core', 'core'] }, 'core'],
  ['selectors alone, of which one is enough', selecting('a', 'b'), 'edge core'],
  ['a selector twice is no more than once', selecting('a', 'a'), 'edge'],
  [
    'names and selectors of different pools: both count',
    { ipAddressPools: ['named'], ...selecting('a') },
    'named edge',
  ],
  [
    'a pool that is named and selected',
    { ipAddressPools: ['edge'], ...selecting('a', 'b') },
    'edge core',
  ],
  [
    'a name that no pool has leaves what is selected',
    { ipAddressPools: ['gone'], ...selecting('b') },
    'core',
  ],
  [
    'a selector that selects nothing leaves what is named',
    { ipAddressPools: ['named'], ...selecting('z') },
    'named',
  ],
  [
    'an empty selector selects every pool',
    { ipAddressPoolSelectors: [{}] },
    'named edge core other',
  ],
];

function selecting(...zones: readonly string[]) {
  return { ipAddressPoolSelectors: zones.map(zone) };
}

for (const [name, spec, about] of rows) {
  test(`the pools of an L2Advertisement: ${name}`, () => {
    const parsed = parsedValue(parseL2Advertisement(l2Advertisement('all', { spec: { ...spec } })));
    const found = POOLS.filter((pool) => advertises(parsed.spec, pool)).map((pool) => pool.name);
    assert.equal(found, about.split(' '));
  });
}

test.run();
