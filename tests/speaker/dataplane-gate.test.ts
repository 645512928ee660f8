import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  DataplaneGate,
  type DataplaneLook,
  type DataplaneOptions,
} from '../../modules/metallb/src/speaker/dataplane-gate.ts';
import { ip } from '../support/addresses.ts';

const BOOT = 1_000_000;
const NOW = 2_000_000;
const IP = ip('192.0.2.1');
const IP6 = ip('2001:db8::1');
const OPTIONS: DataplaneOptions = { hasMetrics: true, blindWaitMs: 1_000, syncedBefore: 'never' };

const times = (syncedEpochMs: number, queuedEpochMs: number, family?: 'IPv4' | 'IPv6') => ({
  family,
  syncedEpochMs,
  queuedEpochMs,
});
function look(...all: ReturnType<typeof times>[]): DataplaneLook {
  const metrics = { kind: 'times', times: all } as const;
  return { metrics, healthyPorts: new Set(), bootEpochMs: BOOT };
}
const UNREADABLE: DataplaneLook = {
  metrics: { kind: 'unreadable', reason: 'connect ECONNREFUSED' },
  healthyPorts: new Set(),
  bootEpochMs: BOOT,
};
const quick = (epochMs: number) => ({ epochMs, tookMs: 1 });

/** A gate with one new IP that waits since NOW. */
function waiting(options: Partial<DataplaneOptions> = {}, ports: readonly number[] = []) {
  const gate = new DataplaneGate({ ...OPTIONS, ...options });
  gate.published(IP, NOW);
  assert.ok(gate.holds(IP, ports));
  return gate;
}

test('an IP that was there at the start waits for nothing', () => {
  assert.not(new DataplaneGate(OPTIONS).holds(IP, []));
});

test('no IP waits when the wait is off, and nothing is asked for it', () => {
  const gate = new DataplaneGate({ ...OPTIONS, hasMetrics: false, blindWaitMs: 0 });
  gate.published(IP, NOW);
  assert.not(gate.holds(IP, []));
  assert.is(gate.nextLookEpochMs(), undefined);
  assert.is(gate.deadlineEpochMs, undefined);
});

const confirmations: [name: string, look: DataplaneLook, released: boolean][] = [
  [
    'queued after the Service was seen, and synced after that',
    look(times(NOW + 20, NOW + 5)),
    true,
  ],
  [
    'queued a moment before: it may be of an earlier change',
    look(times(NOW - 300, NOW - 400)),
    false,
  ],
  ['synced, but queued long before', look(times(NOW + 20, NOW - 5_000)), false],
  ['queued and not synced yet', look(times(NOW - 5_000, NOW + 5)), false],
  ['not a single sync', look(), false],
  ['a sync before this boot, by a clock that was wrong', look(times(BOOT - 1, NOW + 5)), false],
  ['unreadable', UNREADABLE, false],
];
for (const [name, found, released] of confirmations) {
  test(`a new IP ${released ? 'ends its wait' : 'goes on waiting'} by: ${name}`, () => {
    const gate = waiting();
    gate.looked(found, quick(NOW + 30));
    const expected = released ? [{ ip: IP, waitedMs: 30, isConfirmed: true }] : [];
    assert.equal(gate.advance(NOW + 30), expected);
    assert.is(gate.holds(IP, []), !released);
  });
}

test('what was queued a moment before counts once kube-proxy has had the time to hear: the watches race', () => {
  const gate = waiting();
  const found = look(times(NOW - 300, NOW - 400));
  gate.looked(found, quick(NOW + 99));
  assert.equal(gate.advance(NOW + 99), []);
  gate.looked(found, quick(NOW + 100));
  assert.equal(gate.advance(NOW + 100), [{ ip: IP, waitedMs: 100, isConfirmed: true }]);
});

test('each family goes by its own rules', () => {
  const gate = waiting();
  gate.published(IP6, NOW);
  gate.holds(IP6, []);
  const done = times(NOW + 20, NOW + 5, 'IPv6');
  gate.looked(look(times(NOW - 9_000, NOW + 5, 'IPv4'), done), quick(NOW + 30));
  assert.equal(
    gate.advance(NOW + 30).map((released) => released.ip),
    [IP6],
  );
});

test('a kube-proxy that answers but is busy is waited for 2 s, one that can not be asked as long as the setting says', () => {
  const busy = waiting();
  busy.looked(look(times(NOW - 5_000, NOW + 5)), quick(NOW + 30));
  assert.is(busy.deadlineEpochMs, NOW + 2_000);
  assert.equal(busy.advance(NOW + 1_999), []);
  assert.equal(busy.advance(NOW + 2_000), [{ ip: IP, waitedMs: 2_000, isConfirmed: false }]);
  const blind = waiting();
  blind.looked(UNREADABLE, quick(NOW + 30));
  assert.equal(blind.advance(NOW + 999), []);
  assert.equal(blind.advance(NOW + 1_000), [{ ip: IP, waitedMs: 1_000, isConfirmed: false }]);
});

test('an IP that has waited once does not wait again', () => {
  const gate = waiting();
  gate.advance(NOW + 2_000);
  assert.not(gate.holds(IP, []));
  assert.is(gate.waiting, 0);
});

test('an IP that goes and comes back waits anew', () => {
  const gate = waiting();
  gate.published(IP, NOW + 1_500);
  assert.ok(gate.holds(IP, []));
  assert.equal(gate.advance(NOW + 2_000), []);
  assert.is(gate.advance(NOW + 3_500).length, 1);
});

const SYNCED = look(times(NOW + 20, NOW + 5));
const NOT_SYNCED = look(times(NOW - 5, NOW + 5));
const localConfirmations: [name: string, look: DataplaneLook, ports: number[], ends: boolean][] = [
  ['a sync, without one of the ports', SYNCED, [30_001], false],
  ['all ports by an earlier sync, which lacks the IP', NOT_SYNCED, [30_001, 30_002], false],
  ['a sync and all ports', SYNCED, [30_001, 30_002], true],
  ['all ports where there are no metrics', UNREADABLE, [30_001, 30_002], true],
];
for (const [name, found, healthy, ends] of localConfirmations) {
  test(`with endpoints of policy Local here, a wait ${ends ? 'ends' : 'goes on'} by ${name}`, () => {
    const gate = waiting({}, [30_001, 30_002]);
    assert.equal([...gate.portsToAsk], [30_001, 30_002]);
    gate.looked({ ...found, healthyPorts: new Set(healthy) }, quick(NOW + 30));
    const expected = ends ? [{ ip: IP, waitedMs: 30, isConfirmed: true }] : [];
    assert.equal(gate.advance(NOW + 30), expected);
  });
}

test('however many IPs wait, one look asks for all, and few ports', () => {
  const gate = new DataplaneGate(OPTIONS);
  const ips = Array.from({ length: 1_000 }, (_, index) => ip(`10.0.${index >> 8}.${index & 255}`));
  for (const [index, each] of ips.entries()) {
    gate.published(each, NOW);
    gate.holds(each, [30_000 + index]);
  }
  assert.is(gate.portsToAsk.size, 16);
});

test('looks begin at once, then come more and more slowly, and spare who answers slowly', () => {
  const gate = waiting();
  const pauses: number[] = [];
  for (let at = NOW, round = 0; round < 12; round += 1) {
    const next = gate.nextLookEpochMs() ?? 0;
    pauses.push(next - at);
    at = next;
    gate.looked(look(times(NOW - 5_000, NOW + 5)), quick(at));
  }
  assert.equal(pauses.slice(0, 3), [25, 25, 25]);
  assert.equal(pauses.at(-1), 200);
  gate.looked(look(times(NOW - 5_000, NOW + 5)), { epochMs: NOW + 900, tookMs: 150 });
  assert.is(gate.nextLookEpochMs(), NOW + 1_200);
});

test('an answer that came late, before the IP was there, does not keep it from being asked for', () => {
  const gate = new DataplaneGate(OPTIONS);
  gate.looked(UNREADABLE, { epochMs: NOW - 1, tookMs: 1_000 });
  gate.published(IP, NOW);
  gate.holds(IP, []);
  assert.is(gate.nextLookEpochMs(), NOW + 499);
});

const gates: [
  name: string,
  before: DataplaneOptions['syncedBefore'],
  looks: DataplaneLook[],
  failed: boolean,
][] = [
  ['nobody has looked yet', 'never', [], false],
  ['there is nothing that says that a kube-proxy is here', 'never', [UNREADABLE], false],
  ['kube-proxy is there and has not synced', 'never', [look()], true],
  ['kube-proxy was asked to sync and has not', 'never', [look(times(0, NOW))], true],
  ['one family is missing', 'never', [look(times(NOW, 0, 'IPv4'), times(0, NOW, 'IPv6'))], true],
  ['its last sync was before the boot', 'never', [look(times(BOOT - 1, 0))], true],
  ['it has synced', 'never', [look(times(NOW, NOW))], false],
  ['it has synced and is behind', 'never', [look(times(NOW, NOW + 9_000))], false],
  ['the node was booted and nobody has looked yet', 'an-earlier-boot', [], true],
  ['the node was booted and kube-proxy is not up', 'an-earlier-boot', [UNREADABLE], true],
  [
    'the node was booted and kube-proxy has synced',
    'an-earlier-boot',
    [UNREADABLE, look(times(NOW, NOW))],
    false,
  ],
  ['kube-proxy synced before and is away', 'this-boot', [UNREADABLE], false],
  ['kube-proxy synced before and has started anew', 'this-boot', [look()], false],
  ['kube-proxy has started anew', 'never', [look(times(NOW, NOW)), look()], false],
];
for (const [name, syncedBefore, looks, failed] of gates) {
  test(`the gate ${failed ? 'fails' : 'is open'} while ${name}`, () => {
    const gate = new DataplaneGate({ ...OPTIONS, syncedBefore });
    for (const each of looks) gate.looked(each, quick(NOW));
    assert.is(gate.failed, failed);
    assert.is(gate.problem !== '', failed);
  });
}

test('a node serves nothing while its kube-proxy says so, and for a minute where it can not be asked', () => {
  const rebooted = () => new DataplaneGate({ ...OPTIONS, syncedBefore: 'an-earlier-boot' });
  const asked = rebooted();
  assert.ok(asked.servesNothing, 'nobody has asked yet');
  asked.looked(look(), quick(NOW));
  asked.looked(look(), quick(NOW + 3_600_000));
  assert.ok(asked.servesNothing, 'however long it takes');
  asked.looked(look(times(NOW, NOW)), quick(NOW + 3_601_000));
  assert.not(asked.servesNothing);
  const gone = rebooted();
  for (const [afterMs, servesNothing] of [
    [0, true],
    [59_999, true],
    [60_000, false],
  ] as const) {
    gone.looked(UNREADABLE, quick(NOW + afterMs));
    assert.is(gone.servesNothing, servesNothing, `after ${afterMs} ms`);
    assert.ok(gone.failed, 'others come first');
  }
  gone.looked(look(), quick(NOW + 61_000));
  assert.ok(gone.servesNothing, 'there is one, and it has not synced');
  assert.not(new DataplaneGate(OPTIONS).servesNothing, 'there never was any');
});

test('people are told what kube-proxy lacks', () => {
  const gate = new DataplaneGate({ ...OPTIONS, syncedBefore: 'an-earlier-boot' });
  gate.looked(UNREADABLE, quick(NOW));
  assert.is(gate.problem, "kube-proxy's metrics can't be read (connect ECONNREFUSED)");
  gate.looked(look(times(NOW, 0, 'IPv4'), times(0, NOW, 'IPv6')), quick(NOW));
  assert.is(gate.problem, 'kube-proxy has not written its rules for IPv6 since this node started');
});

test('the gate never fails where there are no metrics to ask', () => {
  const gate = new DataplaneGate({
    ...OPTIONS,
    hasMetrics: false,
    syncedBefore: 'an-earlier-boot',
  });
  gate.looked(UNREADABLE, quick(NOW));
  assert.not(gate.failed);
  assert.is(gate.nextLookEpochMs(), undefined);
});

const searches: [name: string, look: DataplaneLook, everyMs: number | undefined][] = [
  ['every 10 s while nothing says that there is a kube-proxy', UNREADABLE, 10_000],
  ['every second while it has not synced', look(), 1_000],
  ['never again once it has synced', look(times(NOW, NOW)), undefined],
];
for (const [name, found, everyMs] of searches) {
  test(`without new IPs kube-proxy is looked at ${name}`, () => {
    const gate = new DataplaneGate(OPTIONS);
    assert.ok((gate.nextLookEpochMs() ?? NOW) < NOW, 'at once at the start');
    gate.looked(found, quick(NOW));
    const expected = everyMs === undefined ? undefined : NOW + everyMs;
    assert.is(gate.nextLookEpochMs(), expected);
  });
}

test.run();
