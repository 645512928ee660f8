import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { AdjRibOut, type Route } from '../../modules/metallb/src/bgp/adj-rib-out.ts';
import type { RouteAdvertisement, RoutePeer } from '../../modules/metallb/src/bgp/route-policy.ts';
import { RouteTable } from '../../modules/metallb/src/bgp/route-table.ts';
import { type IpAddress, ipFromBigInt } from '../../modules/metallb/src/net/ip.ts';
import { formatPrefix } from '../../modules/metallb/src/packet/bgp-prefix.ts';
import { ip } from '../support/addresses.ts';
import { advertisement, REFLECTOR, routesTo, SPINE, shownRoute } from '../support/route-model.ts';

/** What a peer is to know, and how often it was told of something. */
class Ledger extends AdjRibOut {
  readonly routes = new Map<string, Route>();
  writes = 0;

  override set(route: Route): void {
    this.writes += 1;
    this.routes.set(formatPrefix(route.prefix), route);
  }

  override delete(key: string): void {
    this.writes += 1;
    this.routes.delete(key);
  }

  get shown(): string[] {
    return shown(this.routes);
  }
}

function shown(routes: ReadonlyMap<string, Route>): string[] {
  return [...routes].map(([key, { attributes }]) => shownRoute(key, attributes)).sort();
}

const AGGREGATE = advertisement({ aggregationLength: { IPv4: 16, IPv6: 64 } });

function tableWith(...peers: RoutePeer[]) {
  const table = new RouteTable();
  const ledgers = peers.map((peer) => {
    const ledger = new Ledger();
    table.setPeer(peer.name, peer, ledger);
    return ledger;
  });
  return { table, ledgers };
}

function settle(table: RouteTable, slice: number): void {
  while (!table.settle(slice)) assert.ok(slice > 0);
}

const anIp = fc.oneof(
  fc.integer({ min: 0, max: 40 }).map((host) => ipFromBigInt('IPv4', 0x0a00_0000n + BigInt(host))),
  fc
    .integer({ min: 0, max: 20 })
    .map((host) => ipFromBigInt('IPv6', (0x2001_0db8n << 96n) + BigInt(host))),
);
const anAdvertisement: fc.Arbitrary<RouteAdvertisement> = fc.record({
  name: fc.constantFrom('a', 'b'),
  aggregationLength: fc.record({
    IPv4: fc.constantFrom(32, 30, 28, 0),
    IPv6: fc.constantFrom(128, 126),
  }),
  localPref: fc.constantFrom(undefined, 1, 2),
  communities: fc.subarray([
    { kind: 'standard', value: 5 },
    { kind: 'standard', value: 3 },
    { kind: 'large', value: [1, 2, 3] },
  ] as const),
  peers: fc.constantFrom(undefined, new Set(['spine']), new Set(['reflector', 'spine'])),
});
const aPeer: fc.Arbitrary<RoutePeer> = fc.record({
  name: fc.constantFrom('spine', 'reflector', 'edge'),
  asn: fc.constantFrom(64_500, 64_501),
  isExternal: fc.boolean(),
  isLeaving: fc.boolean(),
});
/** The table, and what went into it. */
class World {
  readonly table = new RouteTable();
  readonly ips = new Map<IpAddress, readonly RouteAdvertisement[]>();
  readonly peers = new Map<string, { peer: RoutePeer; ledger: Ledger }>();

  setIp(ip: IpAddress, advertisements: readonly RouteAdvertisement[]): void {
    this.table.setIp(ip, advertisements);
    this.ips.set(ip, advertisements);
  }

  setPeer(peer: RoutePeer): void {
    const ledger = this.peers.get(peer.name)?.ledger ?? new Ledger();
    this.table.setPeer(peer.name, peer, ledger);
    this.peers.set(peer.name, { peer, ledger });
  }

  deletePeer(name: string): void {
    this.table.deletePeer(name);
    this.peers.delete(name);
  }

  clear(): void {
    this.table.clear();
    this.ips.clear();
  }
}

type Edit = (world: World) => void;

const advertisements = fc.array(anAdvertisement, { maxLength: 3 });
const anEdit: fc.Arbitrary<Edit> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.tuple(anIp, advertisements).map(
      ([ip, said]) =>
        (world: World) =>
          world.setIp(ip, said),
    ),
  },
  { weight: 2, arbitrary: aPeer.map((peer) => (world: World) => world.setPeer(peer)) },
  {
    weight: 1,
    arbitrary: aPeer.map(
      ({ name }) =>
        (world: World) =>
          world.deletePeer(name),
    ),
  },
  {
    weight: 3,
    arbitrary: fc
      .integer({ min: 1, max: 9 })
      .map((most) => (world: World) => void world.table.settle(most)),
  },
  { weight: 1, arbitrary: fc.constant((world: World) => world.clear()) },
);

test('after whatever edits every peer is told what adding everything up anew says', () => {
  fc.assert(
    fc.property(fc.array(anEdit, { maxLength: 60 }), (edits) => {
      const world = new World();
      for (const edit of edits) edit(world);
      settle(world.table, 7);
      const announced = [...world.ips].map(([ip, advertisements]) => ({ ip, advertisements }));
      for (const { peer, ledger } of world.peers.values()) {
        assert.equal(ledger.shown, shown(routesTo(peer, announced)));
      }
    }),
    { numRuns: 300 },
  );
});

test('conflicts are those of IPs that advertisements disagree about, until they agree', () => {
  const { table, ledgers } = tableWith(SPINE);
  const [first, second] = [
    advertisement({ name: 'a', localPref: 1 }),
    advertisement({ name: 'b', localPref: 2 }),
  ];
  table.setIp(ip('10.0.0.1'), [first, second]);
  table.settle();
  assert.match(table.conflicts.get(ip('10.0.0.1')) ?? '', 'a and b have another localPref');
  assert.equal(ledgers[0]?.shown, []);
  table.setIp(ip('10.0.0.1'), [first]);
  table.settle();
  assert.is(table.conflicts.size, 0);
  assert.equal([...(ledgers[0]?.routes.keys() ?? [])], ['10.0.0.1/32']);
});

test('equal attributes are one object, so that a peer is told of them in one message', () => {
  const { table, ledgers } = tableWith(SPINE);
  table.setIp(ip('10.0.0.1'), [advertisement()]);
  table.setIp(ip('10.0.0.2'), [advertisement()]);
  table.settle();
  const [one, other] = [...(ledgers[0]?.routes.values() ?? [])];
  assert.is(one?.attributes, other?.attributes);
});

test('one IP among ten thousand writes what it changes, and nothing where it changes nothing', () => {
  const { table, ledgers } = tableWith(SPINE, REFLECTOR);
  const written = () => ledgers.reduce((sum, { writes }) => sum + writes, 0);
  const host = (index: number) => ipFromBigInt('IPv4', 0x0a00_0000n + BigInt(index));
  for (let index = 0; index < 10_000; index += 1) {
    table.setIp(host(index), [advertisement(), AGGREGATE]);
  }
  table.settle();
  const changes: [string, number, () => void][] = [
    ['the same once more', 0, () => table.setIp(host(5), [advertisement(), { ...AGGREGATE }])],
    ['one more in the aggregate', 2, () => table.setIp(host(10_000), [advertisement(), AGGREGATE])],
    ['only the aggregate', 2, () => table.setIp(host(5), [AGGREGATE])],
    ['one that is gone', 2, () => table.setIp(host(6), [])],
  ];
  for (const [name, expected, change] of changes) {
    const before = written();
    change();
    table.settle();
    assert.is(written() - before, expected, name);
  }
});

test('work is cut into slices of as many prefixes as are asked for', () => {
  const { table, ledgers } = tableWith(SPINE);
  for (let index = 0; index < 25; index += 1) {
    table.setIp(ipFromBigInt('IPv4', 0x0a00_0000n + BigInt(index)), [advertisement()]);
  }
  assert.equal(
    [table.settle(10), table.settle(10), table.settle(10), table.settle(10)],
    [false, false, true, true],
  );
  assert.is(ledgers[0]?.writes, 25);
});

test.run();
