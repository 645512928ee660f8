import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Change } from '../../modules/metallb/src/admission/admission-review.ts';
import type { KubernetesObject } from '../../modules/metallb/src/api/object.ts';
import { boundTo, child, classOf, service } from '../support/cluster-objects.ts';
import { type Before, creation, deletion, update, verdictOn } from './admission-bench.ts';

const ALLOWED = { refusals: [], warnings: [] };
const main = classOf('main', { isDefault: true, addressPool: ['192.0.2.0/28'] });
const edge = (spec: object = {}) => classOf('edge', { addressPool: ['198.51.100.0/28'], ...spec });
const is = { isDefault: true };

const defaultTaken =
  'MetalLoadBalancerClass "edge" can\'t be the default: MetalLoadBalancerClass "main" is, set spec.isDefault to false there first';
const defaults: [name: string, change: Change, classes: KubernetesObject[], refusal?: string][] = [
  ['a second class made as default', creation(edge(is)), [main], defaultTaken],
  ['57: a second class set to default', update(edge(), edge(is)), [main, edge()], defaultTaken],
  ['a first class made as default', creation(edge(is)), [classOf('main')]],
  ['57: the default class saved again', update(main, main), [main, edge()]],
  ['the default class made again while the view still has it', creation(main), [main]],
  ['one of two defaults saved again', update(edge(is), edge(is)), [main, edge(is)]],
  ['one of two defaults cleared', update(edge(is), edge()), [main, edge(is)]],
];
for (const [name, change, classes, refusal] of defaults) {
  test(`default class: ${name} is ${refusal === undefined ? 'allowed' : 'refused'}`, () => {
    const refusals = refusal === undefined ? [] : [refusal];
    assert.equal(verdictOn(change, { classes }), { refusals, warnings: [] });
  });
}

const pool = (...addressPool: string[]) => edge({ addressPool });
const taken = (where: string, other = 'main') =>
  `spec.addressPool of MetalLoadBalancerClass "edge" overlaps that of MetalLoadBalancerClass "${other}" in ${where}: expected addresses that no other class has`;
const six = classOf('six', { addressPool: ['2001:db8::/120'] });
const overlaps: [name: string, change: Change, refusals: string[]][] = [
  ['apart from all others', creation(pool('192.0.2.16/28', '2001:db8::1:0/120')), []],
  ['over all of another', creation(pool('192.0.2.0/24')), [taken('192.0.2.0-192.0.2.15')]],
  ['over one address', creation(pool('192.0.2.15-192.0.2.20')), [taken('192.0.2.15')]],
  [
    'over two others',
    creation(pool('192.0.2.1', '2001:db8::ff')),
    [taken('192.0.2.1'), taken('2001:db8::ff', 'six')],
  ],
  [
    'grown into another',
    update(pool('192.0.2.16/28'), pool('192.0.2.8/29', '192.0.2.16/28')),
    [taken('192.0.2.8-192.0.2.15')],
  ],
  [
    'that overlapped before, with another label',
    update(pool('192.0.2.8/29'), pool('192.0.2.8/29')),
    [],
  ],
  ['that gives up a part of an overlap', update(pool('192.0.2.0/28'), pool('192.0.2.0/30')), []],
  [
    'that gives up one overlap for another',
    update(pool('192.0.2.0/30'), pool('192.0.2.4/30')),
    [taken('192.0.2.4-192.0.2.7')],
  ],
];
for (const [name, change, refusals] of overlaps) {
  test(`pool ${name}: ${refusals.length} refusals`, () => {
    const before = { classes: [main, six, pool('203.0.113.0/24')] };
    assert.equal(verdictOn(change, before), { refusals, warnings: [] });
  });
}

const ip = (address: string, className = 'edge', name = address) =>
  child(name, { service: 'web', className, ips: [address] });
const shrinkings: [
  name: string,
  wanted: string[],
  children: KubernetesObject[],
  warning?: string,
][] = [
  ['nothing was assigned', ['192.0.2.8/29'], []],
  ['what is assigned stays inside', ['192.0.2.8/29'], [ip('192.0.2.8'), ip('192.0.2.1', 'main')]],
  [
    'one IP falls out',
    ['192.0.2.8/29'],
    [ip('192.0.2.8'), ip('192.0.2.1')],
    '1 assigned IP is not in spec.addressPool of MetalLoadBalancerClass "edge" any more and stays assigned: 192.0.2.1',
  ],
  [
    'two IPs fall out, one of them shared',
    [],
    [ip('192.0.2.10'), ip('192.0.2.9'), ip('192.0.2.9', 'edge', 'sharer')],
    '2 assigned IPs are not in spec.addressPool of MetalLoadBalancerClass "edge" any more and stay assigned: 192.0.2.9, 192.0.2.10',
  ],
  ['an IP that was outside before', ['192.0.2.8/29'], [ip('203.0.113.7')]],
];
for (const [name, wanted, children, warning] of shrinkings) {
  test(`pool shrunk, ${name}: ${warning === undefined ? 'no warning' : 'a warning'}`, () => {
    const old = pool('192.0.2.0/28');
    const verdict = verdictOn(update(old, pool(...wanted)), { classes: [old], children });
    assert.equal(verdict, { refusals: [], warnings: warning === undefined ? [] : [warning] });
  });
}

const wide = ['192.0.2.0/28'];
const reassigning = (...addressPool: string[]) => edge({ addressPool, whenOutOfPool: 'Reassign' });
const reassignments: [
  name: string,
  old: KubernetesObject,
  wanted: KubernetesObject,
  takenBack?: string,
][] = [
  ['that takes one out', reassigning(...wide), reassigning('192.0.2.8/29'), '192.0.2.1'],
  ['that takes none out', reassigning(...wide), reassigning(...wide, '192.0.2.64')],
  [
    'of whenOutOfPool alone, one being out',
    pool('192.0.2.8/29'),
    reassigning('192.0.2.8/29'),
    '192.0.2.1',
  ],
  ['of something else, one being out', reassigning('192.0.2.8/29'), reassigning('192.0.2.8/30')],
];
for (const [name, old, wanted, takenBack] of reassignments) {
  test(`where IPs are reassigned, a change ${name}: ${takenBack ? 'a warning' : 'no warning'}`, () => {
    const children = [ip('192.0.2.1'), ip('192.0.2.8')];
    const warnings = takenBack
      ? [
          `1 assigned IP is not in spec.addressPool of MetalLoadBalancerClass "edge" any more and will be taken back (spec.whenOutOfPool): ${takenBack}`,
        ]
      : [];
    const verdict = verdictOn(update(old, wanted), { classes: [old], children });
    assert.equal(verdict, { refusals: [], warnings });
  });
}

test('a warning about hundreds of IPs says how many and names as many as fit', () => {
  const children = Array.from({ length: 250 }, (_, index) => ip(`192.0.2.${index}`));
  const old = pool('192.0.2.0/24');
  const { warnings } = verdictOn(update(old, pool()), { classes: [old], children });
  assert.match(warnings[0] ?? '', /^250 assigned IPs are .*: 192\.0\.2\.0, .* and 2\d\d more$/);
  assert.ok((warnings[0]?.length ?? 0) <= 256, `${warnings[0]?.length} characters`);
});

const before: Before = {
  classes: [edge()],
  services: [service('bound', boundTo('edge')), service('other', boundTo('main'))],
  children: [
    child('web-0', { service: 'web', className: 'edge', ips: ['198.51.100.1'] }),
    child('web-1', { service: 'web', className: 'edge' }),
    child('else-0', { service: 'else', className: 'main' }),
  ],
};

test('a class with Services is deleted with a warning that names them', () => {
  assert.equal(verdictOn(deletion(edge()), before), {
    refusals: [],
    warnings: [
      '2 Services of MetalLoadBalancerClass "edge" keep their IPs and will get no others until there is a class of that name again: default/bound, default/web',
    ],
  });
});

test('a class without Services is deleted silently', () => {
  assert.equal(verdictOn(deletion(classOf('spare')), before), ALLOWED);
});

const odd = edge({ addressPool: ['192.0.2.0/24', '192.0.2.7'] });
test('a class that the schema lets through and the controller would not accept is refused with every problem', () => {
  const worse = edge({ addressPool: ['192.0.2.0/24', '192.0.2.7'], l2: { interfaces: [''] } });
  const { refusals } = verdictOn(creation(worse));
  assert.is(refusals.length, 1);
  assert.match(
    refusals[0] ?? '',
    /^MetalLoadBalancerClass\/edge: spec\.addressPool\[1] is "192\.0\.2\.7": expected no overlap with .*; MetalLoadBalancerClass\/edge: spec\.l2\.interfaces\[0]/,
  );
});

test('a class that was wrong before may be labelled and mended, and made no other kind of wrong', () => {
  const labelled = { ...odd, metadata: { ...odd.metadata, labels: { team: 'a' } } };
  const otherwise = edge({ addressPool: ['192.0.2.0/24', '192.0.2.8'] });
  assert.equal(verdictOn(update(odd, labelled), { classes: [] }), ALLOWED);
  assert.equal(verdictOn(update(odd, edge()), { classes: [] }), ALLOWED);
  assert.is(verdictOn(update(odd, otherwise), { classes: [] }).refusals.length, 1);
});

test('all that is against a class is said at once', () => {
  const { refusals } = verdictOn(creation(edge({ ...is, addressPool: ['192.0.2.1'] })), {
    classes: [main],
  });
  assert.equal(refusals, [defaultTaken, taken('192.0.2.1')]);
});

test.run();
