import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { RouteAdvertisement } from '../../modules/metallb/src/bgp/route-policy.ts';
import {
  formatRoutes,
  type RememberedRoutes,
  readRoutes,
} from '../../modules/metallb/src/speaker/remembered-routes.ts';
import { ip } from '../support/addresses.ts';

const uint32 = fc.nat({ max: 0xffff_ffff });
const community = fc.oneof(
  fc.record({ kind: fc.constant('standard' as const), value: uint32 }),
  fc.record({ kind: fc.constant('large' as const), value: fc.tuple(uint32, uint32, uint32) }),
);
const advertisement: fc.Arbitrary<RouteAdvertisement> = fc.record({
  name: fc.string({ maxLength: 20 }),
  aggregationLength: fc.record({
    IPv4: fc.integer({ min: 1, max: 32 }),
    IPv6: fc.integer({ min: 1, max: 128 }),
  }),
  localPref: fc.option(uint32, { nil: undefined }),
  communities: fc.array(community, { maxLength: 3 }),
  peers: fc.option(
    fc.array(fc.string({ maxLength: 9 }), { maxLength: 3 }).map((names) => new Set(names)),
    { nil: undefined },
  ),
  asPathPrepend: fc.option(fc.integer({ min: 1, max: 10 }), { nil: undefined }),
  med: fc.option(uint32, { nil: undefined }),
  linkBandwidth: fc.option(fc.integer({ min: 1, max: 1e15 }), { nil: undefined }),
});
const address = fc.nat({ max: 255 }).map((last) => ip(`192.0.2.${last}`));
const remembered: fc.Arbitrary<RememberedRoutes> = fc.record({
  labels: fc.dictionary(
    fc.string({ maxLength: 9 }).filter((key) => key !== '__proto__'),
    fc.string({ maxLength: 9 }),
    { noNullPrototype: true },
  ),
  internalIps: fc.array(address, { maxLength: 2 }),
  routes: fc
    .array(fc.tuple(address, fc.array(advertisement, { maxLength: 3 })), { maxLength: 5 })
    .map((all) => new Map(all)),
});

test('what was written is read again', () => {
  fc.assert(
    fc.property(remembered, (routes) => {
      const text = JSON.stringify(formatRoutes(routes));
      assert.is(JSON.stringify(formatRoutes(readRoutes(JSON.parse(text), 'bgp'))), text);
    }),
  );
});

test('what is not of this form is refused with its place', () => {
  const whole = { labels: {}, internalIps: [], routes: [] };
  const wrong: [unknown, RegExp][] = [
    [undefined, /^bgp: expected an object/],
    [{ ...whole, routes: [{ ip: 'x' }] }, /bgp\.routes\[0\]\.ip: expected a canonical IP address/],
    [{ ...whole, internalIps: 'x' }, /bgp\.internalIps: expected a list/],
    [
      {
        ...whole,
        routes: [
          {
            ip: '192.0.2.1',
            advertisements: [{ name: 'a', aggregationLength: { IPv4: 32, IPv6: 128 } }],
          },
        ],
      },
      /advertisements\[0\]\.communities: expected a list/,
    ],
  ];
  for (const [value, message] of wrong) assert.throws(() => readRoutes(value, 'bgp'), message);
});

test.run();
