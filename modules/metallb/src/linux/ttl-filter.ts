import { familyOf, type IpAddress, type IpFamily, ipToBytes } from '../net/ip.ts';
import type { BpfInstruction } from './kernel-socket.ts';

/** From whom datagrams are taken, and how little of their TTL may be left. */
export interface TtlRule {
  /** undefined: from anybody */
  readonly source: IpAddress | undefined;
  readonly minimumTtl: number;
}

const LOAD_WORD = 0x20;
const LOAD_BYTE = 0x30;
const JUMP_EQUAL = 0x15;
const JUMP_AT_LEAST = 0x35;
const RETURN = 0x06;
/** SKF_NET_OFF: where the IP header begins, whatever the socket sees of the packet. */
const IP_HEADER = 0xfff0_0000;
const TTL_AT = { IPv4: 8, IPv6: 7 } as const;
const SOURCE_AT = { IPv4: 12, IPv6: 8 } as const;
const WHOLE = 0xffff_ffff;

/**
 * Classic BPF that lets a datagram pass when the first rule about its source allows it, and none without a rule. Nobody
 * tells the reader of a socket what TTL a datagram had, and from further away than the TTL says anybody could write one.
 */
export function ttlFilter(family: IpFamily, rules: readonly TtlRule[]): BpfInstruction[] {
  const ofFamily = rules.filter(
    ({ source }) => source === undefined || familyOf(source) === family,
  );
  return [...ofFamily.flatMap((rule) => instructionsOf(family, rule)), [RETURN, 0, 0, 0]];
}

function instructionsOf(family: IpFamily, { source, minimumTtl }: TtlRule): BpfInstruction[] {
  const judge: BpfInstruction[] = [
    [LOAD_BYTE, 0, 0, IP_HEADER + TTL_AT[family]],
    [JUMP_AT_LEAST, 0, 1, minimumTtl],
    [RETURN, 0, 0, WHOLE],
    [RETURN, 0, 0, 0],
  ];
  const words = source === undefined ? [] : wordsOf(source);
  const compare = words.flatMap((word, index): BpfInstruction[] => {
    const behind = (words.length - 1 - index) * 2 + judge.length;
    return [
      [LOAD_WORD, 0, 0, IP_HEADER + SOURCE_AT[family] + index * 4],
      [JUMP_EQUAL, 0, behind, word],
    ];
  });
  return [...compare, ...judge];
}

function wordsOf(ip: IpAddress): number[] {
  const bytes = ipToBytes(ip);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return Array.from({ length: bytes.length / 4 }, (_, index) => view.getUint32(index * 4));
}
