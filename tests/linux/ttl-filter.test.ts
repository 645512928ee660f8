import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { BpfInstruction } from '../../modules/metallb/src/linux/kernel-socket.ts';
import { type TtlRule, ttlFilter } from '../../modules/metallb/src/linux/ttl-filter.ts';
import { familyOf, ipToBytes } from '../../modules/metallb/src/net/ip.ts';
import { ip } from '../support/addresses.ts';

const IP_HEADER = 0xfff0_0000;

const LOADS: Readonly<Record<number, 'getUint8' | 'getUint32'>> = {
  48: 'getUint8',
  32: 'getUint32',
};
const JUMPS: Readonly<Record<number, (a: number, k: number) => boolean>> = {
  21: (a, k) => a === k,
  53: (a, k) => a >= k,
};
const RETURN = 6;

/** What the kernel makes of it: bytes of the packet that the reader gets. */
function run(program: readonly BpfInstruction[], packet: Uint8Array): number {
  const view = new DataView(packet.buffer);
  let accumulator = 0;
  for (let at = 0; at < program.length; at += 1) {
    const [code, jt, jf, k] = program[at] ?? [0, 0, 0, 0];
    if (code === RETURN) return k;
    const load = LOADS[code];
    if (load !== undefined) accumulator = view[load](k - IP_HEADER);
    else at += JUMPS[code]?.(accumulator, k) ? jt : jf;
  }
  throw new Error('the program has no end');
}

function packet(source: string, ttl: number): Uint8Array {
  const address = ip(source);
  const bytes = new Uint8Array(40).fill(0xee);
  const isIpv4 = familyOf(address) === 'IPv4';
  bytes[isIpv4 ? 8 : 7] = ttl;
  bytes.set(ipToBytes(address), isIpv4 ? 12 : 8);
  return bytes;
}

const NEAR: readonly TtlRule[] = [{ source: undefined, minimumTtl: 255 }];
const FAR: readonly TtlRule[] = [
  { source: ip('192.0.2.1'), minimumTtl: 250 },
  { source: ip('2001:db8::1:2:3'), minimumTtl: 252 },
  { source: ip('192.0.2.2'), minimumTtl: 1 },
];
const ROWS: [string, readonly TtlRule[], string, number, boolean][] = [
  ['from the link', NEAR, '192.0.2.9', 255, true],
  ['through one router', NEAR, '192.0.2.9', 254, false],
  ['from the link by IPv6', NEAR, 'fe80::1', 255, true],
  ['through one router by IPv6', NEAR, 'fe80::1', 254, false],
  ['from as far as it may be', FAR, '192.0.2.1', 250, true],
  ['from further', FAR, '192.0.2.1', 249, false],
  ['by the rule of another peer', FAR, '192.0.2.2', 1, true],
  ['from nobody who is known', FAR, '192.0.2.3', 255, false],
  ['by IPv6, whole address', FAR, '2001:db8::1:2:3', 252, true],
  ['by IPv6, last word differs', FAR, '2001:db8::1:2:4', 255, false],
  ['by IPv6, first word differs', FAR, '2001:db9::1:2:3', 255, false],
  ['with no rule at all', [], '192.0.2.1', 255, false],
];
for (const [name, rules, source, ttl, passes] of ROWS) {
  test(`a datagram ${name} ${passes ? 'passes' : 'does not pass'}`, () => {
    const program = ttlFilter(familyOf(ip(source)), rules);
    assert.is(run(program, packet(source, ttl)) > 0, passes);
  });
}

test.run();
