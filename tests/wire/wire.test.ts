import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Group } from '../../modules/metallb/src/duty/duty.ts';
import { LiveDutyTable } from '../../modules/metallb/src/duty/duty-table.ts';
import type { DutyChange, Report } from '../../modules/metallb/src/duty/messages.ts';
import type { Link } from '../../modules/metallb/src/linux/link.ts';
import type { IpAddress } from '../../modules/metallb/src/net/ip.ts';
import { heartbeatKey } from '../../modules/metallb/src/packet/heartbeat.ts';
import { Counters } from '../../modules/metallb/src/wire/counters.ts';
import { parseResumeState } from '../../modules/metallb/src/wire/restart-memory.ts';
import { Wire } from '../../modules/metallb/src/wire/wire.ts';
import { ip, mac } from '../support/addresses.ts';
import { dutyOf } from '../support/duty-arbitraries.ts';
import { FakeClock } from '../support/fake-clock.ts';

const IP = ip('192.0.2.10');
const ETH0: Link = {
  ...{ name: 'eth0', index: 2, mac: mac('02:00:00:00:00:01'), up: true, carrier: true },
  ...{ addresses: [ip('10.9.0.1')], linkLocal: ip('fe80::1'), loopback: false, arp: true },
  master: undefined,
  subnets: ['10.9.0.1/24'],
};
const DUTY = dutyOf(IP, { group: 'g', probing: 'none' });
const GROUP: Group = {
  ...{ id: 'g', interfaces: [] },
  members: [{ node: 'n1', excluded: false, ready: 'ready' }],
};

/** A wire of one node on sockets that swallow everything. */
function wireOn() {
  const clock = new FakeClock({ earlyMs: 0.5 });
  const table = new LiveDutyTable();
  const opened: string[] = [];
  const closed: string[] = [];
  const counters = new Counters();
  const pools: (readonly string[])[] = [];
  const joined = new Set<IpAddress>();
  const reports: Report[] = [];
  const kept: Record<string, unknown> = {};
  const wire = new Wire(
    {
      ...{ clock, counters },
      random: () => 0,
      randomBytes: (length) => new Uint8Array(length).fill(opened.length + 1),
      async openSocket(link) {
        opened.push(link.name);
        const close = () => void closed.push(link.name);
        return { send: () => undefined, setPools: (list) => void pools.push(list), close };
      },
      joinGroup: (_, address) => void joined.add(address),
      leaveGroup: (_, address) => void joined.delete(address),
      report: (report) => void reports.push(report),
      relist: () => undefined,
      table: () => table,
      afterQueuedFrames: (run) => void clock.after(0, run),
      remember: (entries) => void Object.assign(kept, entries),
      returns: { of: () => undefined, keep: () => undefined },
      log: () => undefined,
    },
    {
      ...{ node: 'n1', cluster: 'test', keys: [heartbeatKey(new Uint8Array(32))] },
      ...{ heartbeatGroup: ip('ff02::1'), heartbeatIntervalMs: 100, heartbeatMultiplier: 3 },
      ...{ holdDownMs: 1_000, holdDownMaxMs: 1_000, restartGraceMs: 30_000 },
      dutyWaitMs: 0,
      ...{ announcePerSecond: 1_000, backgroundPerSecond: 500, excludeInterfaces: [/^cni/] },
    },
  );
  const serve = () => {
    const changes: readonly DutyChange[] = [
      { set: 'pools', pools: ['192.0.2.0-192.0.2.255'] },
      { set: 'group', group: GROUP },
      { set: 'duty', duty: DUTY },
    ];
    wire.tableChanged(table.apply(changes));
  };
  return { wire, clock, counters, table, opened, closed, pools, reports, kept, serve };
}

/** What the next process gets of what one wanted to be kept. */
function resumable(kept: Readonly<Record<string, unknown>>) {
  const entries = Object.entries(kept).filter(([, value]) => value !== null);
  return parseResumeState(JSON.parse(JSON.stringify(Object.fromEntries(entries))));
}

/** Promises of sockets that were opened have to settle first. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

test('opens only interfaces that its groups may use, once it knows them', async () => {
  const { wire, opened, serve } = wireOn();
  wire.setLinks([ETH0, { ...ETH0, name: 'cni0' }, { ...ETH0, name: 'lo', loopback: true }]);
  assert.equal(opened, []);
  serve();
  await settle();
  assert.equal(opened, ['eth0']);
});

test('what the settings leave out is opened for a class that names it, and serves that class alone', async () => {
  const { wire, table, opened, reports, clock, serve } = wireOn();
  wire.setLinks([ETH0, { ...ETH0, name: 'cni0', mac: mac('02:00:00:00:00:02') }]);
  serve();
  const named = ip('192.0.2.11');
  wire.tableChanged(
    table.apply([
      { set: 'group', group: { ...GROUP, id: 'pods', interfaces: ['cni0'] } },
      {
        set: 'duty',
        duty: dutyOf(named, { group: 'pods', interfaces: ['cni0'], probing: 'none' }),
      },
    ]),
  );
  await settle();
  clock.advance(2_000);
  assert.equal(opened, ['eth0', 'cni0']);
  const announced = reports.flatMap((one) => (one.type === 'announced' ? [one] : []));
  assert.equal(announced.map((one) => `${one.ip} on ${one.interface}`).sort(), [
    `${IP} on eth0`,
    `${named} on cni0`,
  ]);
});

test('an IP that is for its subnet alone is served where the node has an address of it', async () => {
  const { wire, table, reports, clock, serve } = wireOn();
  const eth1 = { ...ETH0, name: 'eth1', mac: mac('02:00:00:00:00:02'), subnets: ['10.10.0.1/24'] };
  const [here, there] = [ip('10.10.0.40'), ip('10.11.0.40')];
  const duty = (address: IpAddress) => dutyOf(address, { ...DUTY, ip: address, bySubnet: true });
  wire.setLinks([ETH0, eth1]);
  serve();
  wire.tableChanged(
    table.apply([here, there].map((address) => ({ set: 'duty', duty: duty(address) }))),
  );
  await settle();
  clock.advance(2_000);
  const announced = () =>
    reports.flatMap((one) => (one.type === 'announced' ? [`${one.ip} ${one.interface}`] : []));
  assert.equal(announced().sort(), [`${here} eth1`, `${IP} eth0`, `${IP} eth1`]);
  const [missing] = wire.standingReports().filter(({ type }) => type === 'condition');
  assert.match(
    JSON.stringify(missing),
    /SubnetMissing.*none has an address in the subnet of 10\.11\.0\.40:/,
  );
  wire.setLinks([
    { ...ETH0, subnets: ['10.11.0.1/24'] },
    { ...eth1, subnets: [] },
  ]);
  clock.advance(2_000);
  assert.ok(announced().includes(`${there} eth0`));
  const withdrawn = reports.flatMap((one) => (one.type === 'withdrawn' ? [one] : []));
  assert.equal(
    withdrawn.map((one) => [one.ip, one.interface]),
    [[here, 'eth1']],
  );
  const standing = JSON.stringify(wire.standingReports());
  assert.match(standing, 'in the subnet of 10.10.0.40:');
  wire.tableChanged(table.apply([{ unset: 'duty', ip: here }]));
  assert.not.match(JSON.stringify(wire.standingReports()), 'SubnetMissing');
});

test('says when an L2Advertisement of this node has none of its interfaces here', async () => {
  const { wire, table, serve } = wireOn();
  wire.setLinks([ETH0]);
  serve();
  await settle();
  const group = { ...GROUP, id: 'L2Advertisement/metallb-system/all', interfaces: ['eth1'] };
  wire.tableChanged(table.apply([{ set: 'group', group }]));
  const [told] = wire.standingReports();
  assert.ok(told?.type === 'condition');
  assert.equal(
    [told.condition, told.interface, told.message],
    [
      'InterfaceMissing',
      'eth1',
      'not up on this node, which announces nothing for L2Advertisement metallb-system/all: bring an interface up, or change spec.interfaces',
    ],
  );
});

test('says when a class of this node has none of its interfaces here, until it has one', async () => {
  const { wire, table, reports, serve } = wireOn();
  wire.setLinks([ETH0, { ...ETH0, name: 'eth2', up: false }]);
  serve();
  await settle();
  assert.equal(reports, []);
  const asks = (group: Partial<Group>) =>
    wire.tableChanged(table.apply([{ set: 'group', group: { ...GROUP, ...group } }]));
  asks({ id: 'public', interfaces: ['eth1', 'eth2'] });
  asks({ id: 'others', interfaces: ['eth9'], members: [] });
  asks({ id: 'here', interfaces: ['eth0', 'eth9'] });
  const [told] = wire.standingReports();
  assert.ok(told?.type === 'condition');
  assert.equal(
    [told.condition, told.interface, told.active],
    ['InterfaceMissing', 'eth1,eth2', true],
  );
  assert.match(told.message, /^not up on this node, .* MetalLoadBalancerClass public: bring/);
  assert.equal(reports, [told]);
  wire.setLinks([ETH0, { ...ETH0, name: 'eth2' }]);
  await settle();
  assert.equal(reports.slice(1), [{ ...told, active: false, message: '' }]);
  assert.equal(wire.standingReports(), []);
});

test('is ready once it takes part in elections', async () => {
  const { wire, clock, serve } = wireOn();
  wire.setLinks([ETH0]);
  serve();
  await settle();
  assert.not.ok(wire.ready);
  clock.advance(310);
  assert.ok(wire.ready);
});

test('what one wire announces, the next goes on with, before it knows links or duties', async () => {
  const first = wireOn();
  first.wire.setLinks([ETH0]);
  first.serve();
  await settle();
  first.clock.advance(400);
  const state = resumable(first.kept);
  assert.ok(state);
  const second = wireOn();
  await second.wire.resume(state);
  await settle();
  second.clock.advance(1);
  assert.equal(second.opened, ['eth0']);
  assert.equal(resumable(second.kept)?.interfaces[0]?.announced, [IP]);
  second.wire.setLinks([ETH0]);
  second.serve();
  await settle();
  second.clock.advance(1_000);
  assert.equal(second.opened, ['eth0'], 'opened once');
  assert.equal(resumable(second.kept)?.interfaces[0]?.announced, [IP]);
});

test('what a wire goes on with stays answered however long the speaker takes to tell the duties', async () => {
  const state = parseResumeState({
    pools: ['192.0.2.0-192.0.2.255'],
    'interface eth0': { mac: ETH0.mac, addresses: ETH0.addresses, linkLocal: ETH0.linkLocal },
    [`announced eth0 ${IP}`]: true,
    'announced eth0 192.0.2.11': true,
  });
  assert.ok(state);
  const { wire, clock, kept, reports, serve } = wireOn();
  await wire.resume(state);
  wire.setLinks([ETH0]);
  clock.advance(5_000);
  assert.equal(resumable(kept)?.interfaces[0]?.announced, [IP, '192.0.2.11']);
  assert.not.ok(wire.ready, 'nothing is elected by an unknown table');
  serve();
  clock.advance(500);
  assert.ok(wire.ready);
  assert.equal(resumable(kept)?.interfaces[0]?.announced, [IP], 'the other has no duty any more');
  assert.not.ok(reports.some((report) => report.type === 'withdrawn' && report.ip === IP));
});

for (const [name, value] of [
  ['nothing', undefined],
  ['another version', { pools: {} }],
  ['a bad address', { pools: [], 'interface eth0': { ...ETH0, mac: 'x' } }],
] as const) {
  test(`does not resume from ${name}`, () => {
    assert.is(parseResumeState(value), undefined);
  });
}

test('a link that goes away is closed, and opened again when it returns', async () => {
  const { wire, clock, counters, opened, closed, reports, serve } = wireOn();
  const gauges = () => counters.snapshot().filter(({ type }) => type === 'gauge');
  wire.setLinks([ETH0]);
  serve();
  await settle();
  clock.advance(400);
  assert.ok(gauges().length > 0);
  wire.setLinks([]);
  assert.equal(closed, ['eth0']);
  assert.equal(wire.report(), { type: 'segments', segments: [] });
  assert.equal(gauges(), [], 'nothing is told of it any more');
  assert.ok(reports.some((report) => report.type === 'withdrawn'));
  wire.setLinks([ETH0]);
  await settle();
  assert.equal(opened, ['eth0', 'eth0']);
});

test('a draining node keeps its IPs until the controller has had time to prefer others', async () => {
  const { wire, clock, table, serve } = wireOn();
  wire.setLinks([ETH0]);
  serve();
  await settle();
  clock.advance(400);
  wire.tableChanged(table.apply([{ set: 'draining', draining: true }]));
  assert.match(JSON.stringify(wire.report()), '"state":"eligible"');
  clock.advance(510);
  assert.match(JSON.stringify(wire.report()), '"state":"leaving"');
  assert.ok(wire.handsOver, 'a leaver without successor answers until it exits');
});

test('a node whose kube-proxy is behind gives way to one that may be there, at once', async () => {
  const { wire, clock, table, serve } = wireOn();
  const members = ['n1', 'n2'].map((node) => ({ node, excluded: false, ready: 'ready' as const }));
  wire.setLinks([ETH0]);
  serve();
  wire.tableChanged(table.apply([{ set: 'group', group: { ...GROUP, members } }]));
  await settle();
  clock.advance(400);
  assert.not(wire.handsOver);
  wire.tableChanged(table.apply([{ set: 'dataplane', failed: true }]));
  assert.ok(wire.handsOver, 'it answers only until the other one is seen');
});

test.run();
