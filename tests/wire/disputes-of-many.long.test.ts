import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Duty } from '../../modules/metallb/src/duty/duty.ts';
import { type IpAddress, ipFromBigInt } from '../../modules/metallb/src/net/ip.ts';
import { VirtualSegment } from '../support/virtual-segment.ts';

const POOL = 0x0a00_0000n;
const SETTLED_WITHIN_MS = 1_000;
const STEP_MS = 50;

test('2,000 IPs between 30 nodes with two cluster states are settled within a second of healing', () => {
  const lan = new VirtualSegment();
  const all = Array.from({ length: 2_000 }, (_, index) =>
    ipFromBigInt('IPv4', POOL + BigInt(index)),
  );
  const names = Array.from({ length: 30 }, (_, index) => `n${index + 1}`);
  const [older, newer] = [names.slice(0, 15), names.slice(15)];
  lan.group(...names);
  const before = new Map<IpAddress, Duty>();
  for (const [index, address] of all.entries()) {
    lan.duty(address, older[index % 15] ?? '');
    before.set(address, lan.duties.get(address) as Duty);
    lan.duty(address, newer[index % 15] ?? '');
  }
  const olderTable = { ...lan.table('n1'), duties: before, revision: 1 };
  const newerTable = { ...lan.table('n30'), revision: 2 };
  lan.table = (node) => (older.includes(node) ? olderTable : newerTable);
  for (const a of older) for (const b of newer) cutBothWays(lan, a, b);
  for (const name of names) lan.start(name);
  lan.run(700);
  assert.is(disputedIn(lan), 2_000);
  lan.heal();
  const wrong = () => {
    const after = announcers(lan);
    return all.filter((address, index) => `${after.get(address)}` !== newer[index % 15]);
  };
  const healedAt = lan.clock.now();
  while (wrong().length > 0 && lan.clock.now() - healedAt < SETTLED_WITHIN_MS) lan.run(STEP_MS);
  lan.run(STEP_MS);
  const left = wrong();
  assert.is(left.length, 0, `${left.length} IPs, e.g. ${left[0]}`);
});

function cutBothWays(lan: VirtualSegment, a: string, b: string): void {
  lan.cut(a, b);
  lan.cut(b, a);
}

function disputedIn(lan: VirtualSegment): number {
  return [...announcers(lan).values()].filter((names) => names.length > 1).length;
}

/** Who announces each IP. */
function announcers(lan: VirtualSegment): Map<string, string[]> {
  const all = new Map<string, string[]>();
  for (const [name, { segment }] of lan.stations) {
    for (const address of segment.announcedIps()) {
      all.set(address, [...(all.get(address) ?? []), name]);
    }
  }
  return all;
}

test.run();
