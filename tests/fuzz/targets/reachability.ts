import { deepStrictEqual } from 'node:assert';
import { icmpMessageIn } from '../../../modules/metallb/src/linux/icmp-message.ts';
import type { IpFamily } from '../../../modules/metallb/src/net/ip.ts';
import {
  decodeEchoReply,
  encodeEchoRequest,
} from '../../../modules/metallb/src/packet/icmp-echo.ts';
import { ReachProbe } from '../../../modules/metallb/src/reachability/reach-probe.ts';
import { ip } from '../../support/addresses.ts';
import type { Target } from '../target.ts';
import { mendIcmp } from './mend.ts';
import { decodedWithin, packetTarget, sameBytes } from './packet-target.ts';

const GATEWAY = { IPv4: ip('192.0.2.254'), IPv6: ip('2001:db8::fe') } as const;
const REPLY = { IPv4: 0, IPv6: 129 } as const;
const IPV4_HEADER = Buffer.from('450000280000400040010000c00002fec0000201', 'hex');
const RANDOM = 7;
const TYPE_CODE_AND_CHECKSUM = 4;

/** One that has asked its gateway once, and what it asked. */
function askingProbe(family: IpFamily) {
  const outcomes: string[] = [];
  const probe = new ReachProbe(
    { quorum: 1, thresholds: { failures: 1, successes: 1 } },
    {
      randomBytes: (length) => new Uint8Array(length).fill(RANDOM),
      onOutcome: (outcome) => outcomes.push(outcome),
    },
  );
  const [request] = probe.nextRound([{ name: 'gateway', addresses: [GATEWAY[family]] }]);
  return { probe, outcomes, asked: request?.message ?? new Uint8Array() };
}

/** What a raw socket shows of a right answer to that. */
function answer(family: IpFamily): Uint8Array {
  const message = Uint8Array.from(askingProbe(family).asked);
  message[0] = REPLY[family];
  return mended(family, Buffer.concat([family === 'IPv4' ? IPV4_HEADER : Buffer.of(), message]));
}

function mended(family: IpFamily, input: Uint8Array): Uint8Array {
  const received = Uint8Array.from(input);
  if (family === 'IPv4') mendIcmp(icmpMessageIn(family, received));
  return received;
}

function checkReply(family: IpFamily, input: Uint8Array): void {
  const message = icmpMessageIn(family, input);
  const echo = decodedWithin((bytes) => decodeEchoReply(family, bytes), message);
  if (echo !== undefined) sameBody(encodeEchoRequest(family, echo), message);
  const { probe, outcomes, asked } = askingProbe(family);
  probe.receive(GATEWAY[family], message);
  const [, outcome] = outcomes;
  if (outcome === 'answered') sameBody(message, asked);
  else deepStrictEqual(outcome ?? 'refused', 'refused');
}

/** Of both, identifier, sequence and payload. */
function sameBody(one: Uint8Array, other: Uint8Array): void {
  sameBytes(one.subarray(TYPE_CODE_AND_CHECKSUM), other.subarray(TYPE_CODE_AND_CHECKSUM));
}

export const REACHABILITY_TARGETS: readonly Target[] = (['IPv4', 'IPv6'] as const).map((family) =>
  packetTarget({
    name: `icmp-echo-${family.toLowerCase()}`,
    seeds: [answer(family)],
    mend: (input) => mended(family, input),
    check: (input) => checkReply(family, input),
  }),
);
