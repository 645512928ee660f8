import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { mac } from '../support/addresses.ts';
import { VirtualSegment } from '../support/virtual-segment.ts';

const N1 = mac('02:00:00:00:00:01');
const N2 = mac('02:00:00:00:00:02');
const OPTIONS = { holdDownMs: 1_000, holdDownMaxMs: 4_000 };
const IP = '192.0.2.10';
/** Longer than a start, shorter than the first hold-down, which is a second. */
const BACK_MS = 700;

/** Two nodes, the first of which has an IP. */
function twoNodes(): VirtualSegment {
  const lan = new VirtualSegment();
  const ready = (node: string) => ({ node, excluded: false, ready: 'ready' }) as const;
  lan.group(ready('n1'), ready('n2'));
  lan.duty(IP, 'n1');
  for (const name of ['n1', 'n2']) lan.start(name, undefined, OPTIONS);
  lan.run(1_000);
  return lan;
}

function reboot(lan: VirtualSegment): void {
  lan.kill('n1');
  lan.powerOff.add('n1');
  lan.run(2_000);
  lan.powerOff.delete('n1');
  lan.start('n1', undefined, OPTIONS);
  lan.run(BACK_MS);
}

/** Whoever hears no host at all believes nobody's death. */
function runAmongHosts(lan: VirtualSegment, ms: number): void {
  for (let ranMs = 0; ranMs < ms; ranMs += 100) {
    lan.hostSpeaks();
    lan.run(100);
  }
}

/** What people read of n1 while it holds down; undefined when it does not. */
function holdDownTold(lan: VirtualSegment): string | undefined {
  const told = lan.stations
    .get('n1')
    ?.reports.findLast((one) => one.type === 'condition' && one.condition === 'HoldingDown');
  return told?.type === 'condition' && told.active ? told.message : undefined;
}

/** How long n1 goes on without its IP, to a tenth of a second. */
function heldDownMs(lan: VirtualSegment): number {
  let waitedMs = 0;
  while (lan.ask(IP).includes(N1) === false && waitedMs < 60_000) {
    lan.run(95);
    waitedMs += 100;
  }
  return waitedMs;
}

test('a node that comes back again and again holds down twice as long each time, across boots', () => {
  const lan = twoNodes();
  const held: number[] = [];
  const told: string[] = [];
  for (let boot = 0; boot < 4; boot += 1) {
    reboot(lan);
    assert.equal(lan.ask(IP), [N2]);
    told.push(holdDownTold(lan) ?? 'nothing');
    held.push(Math.round(heldDownMs(lan) / 1_000));
    lan.run(1_000);
    assert.is(holdDownTold(lan), undefined);
  }
  assert.equal(held, [1, 2, 4, 4]);
  assert.match(told[0] ?? '', /^this node was away and came back: its IPs stay .* until .*Z$/);
  assert.match(told[2] ?? '', /^this node came back for the 3rd time within 10 minutes: /);
});

test('so does one whose link flaps', () => {
  const lan = twoNodes();
  const held: number[] = [];
  for (let flap = 0; flap < 2; flap += 1) {
    lan.stations.get('n1')?.segment.setCarrier(false);
    lan.unplug('n1');
    lan.run(1_000);
    lan.heal();
    lan.stations.get('n1')?.segment.setCarrier(true);
    lan.run(BACK_MS);
    held.push(Math.round(heldDownMs(lan) / 1_000));
  }
  assert.equal(held, [1, 2]);
});

for (const seconds of [5, 12]) {
  test(`a node that was not heard for ${seconds} s holds down once it is`, () => {
    const lan = twoNodes();
    lan.cut('n1', 'n2');
    runAmongHosts(lan, seconds * 1_000);
    assert.equal(lan.ask(IP), [N2], 'it is out, since n2 does not name it');
    lan.heal();
    lan.run(BACK_MS);
    assert.equal(lan.ask(IP), [N2]);
    assert.match(holdDownTold(lan) ?? '', /came back/);
    assert.ok(heldDownMs(lan) < 2_000);
  });
}

test('not heard for less than it takes to bury a node, it goes on', () => {
  const lan = twoNodes();
  lan.cut('n1', 'n2');
  lan.run(250);
  lan.heal();
  lan.run(BACK_MS);
  assert.equal(lan.ask(IP), [N1]);
  assert.is(holdDownTold(lan), undefined);
});

test('whoever was not heard serves at once when the others are gone', () => {
  const lan = twoNodes();
  lan.cut('n1', 'n2');
  runAmongHosts(lan, 2_000);
  lan.kill('n2');
  lan.powerOff.add('n2');
  runAmongHosts(lan, 500);
  assert.equal(lan.ask(IP), [N1]);
});

test.run();
