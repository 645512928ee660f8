import type { IpAddress } from '../net/ip.ts';
import { isMulticastMac, type MacAddress, ZERO_MAC } from '../net/mac.ts';
import type { EthernetFrame } from '../packet/ethernet.ts';
import { MalformedPacketError } from '../packet/malformed.ts';
import type { DropReason } from './drop-reason.ts';

/** Who asked. An unspecified `ip` (0.0.0.0 or ::) is a probe. */
export interface Asker {
  readonly mac: MacAddress;
  readonly ip: IpAddress;
}

/** What an asker is told about an IP. */
export interface Answer {
  /** Ours, or that of a restarting node whose kernel still serves the IP (network rule 22). */
  readonly mac: MacAddress;
  /** NDP only: whether caches are to be overwritten. False while optimistic (RFC 4429 §3.3) or leaving. */
  readonly override: boolean;
  /** Signs a confirmation probe's nonce with `length` bytes (network rule 1); given only where `mac` is ours. */
  readonly proof?: (nonce: Uint8Array, length: number) => Uint8Array;
}

/** Whether and how this node answers for an IP now. */
export type Lookup = (ip: IpAddress) => Answer | undefined;

/** A well-formed one, answered or not: all candidates take note of who asked for what (network rule 19). */
export interface Question {
  readonly ip: IpAddress;
  readonly asker: Asker;
}

/** The frame to send back, or why there is none. */
export type Response =
  | { readonly reply: Uint8Array; readonly question: Question }
  | { readonly drop: DropReason; readonly question?: Question };

/** What keeps any protocol's frame from being read, if anything. */
export function reasonToIgnore(frame: EthernetFrame, own: MacAddress): DropReason | undefined {
  if (frame.vlanId !== undefined) return 'foreign-vlan';
  return frame.source === own ? 'own-frame' : undefined;
}

/** Whether frames can be sent to this hardware address. */
export function isStation(mac: MacAddress): boolean {
  return mac !== ZERO_MAC && !isMulticastMac(mac);
}

/** Runs a decoder; bytes that it refuses become undefined. */
export function decoded<T>(decode: () => T): T | undefined {
  try {
    return decode();
  } catch (error) {
    if (error instanceof MalformedPacketError) return undefined;
    throw error;
  }
}
