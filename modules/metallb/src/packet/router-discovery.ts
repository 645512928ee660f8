import { type IpAddress, ipFromBytes } from '../net/ip.ts';
import type { MacAddress } from '../net/mac.ts';
import { ByteWriter } from './byte-writer.ts';

const TYPE_ROUTER_SOLICITATION = 133; // RFC 4861 §4.1
const TYPE_ROUTER_ADVERTISEMENT = 134; // RFC 4861 §4.2
const OPTION_SOURCE_LINK_LAYER_ADDRESS = 1; // RFC 4861 §4.6.1
const LINK_LAYER_OPTION_LENGTH = 8;
const SOLICITATION_LENGTH = 8;
const ADVERTISEMENT_LENGTH = 16;

/** RFC 4861 §6.1: proves that no router forwarded the message. */
export const ROUTER_DISCOVERY_HOP_LIMIT = 255;
/** ff02::2. */
export const ALL_ROUTERS: IpAddress = ipFromBytes(
  Uint8Array.of(0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2),
);

/**
 * That a neighbour is here, and nothing else: with a Router Lifetime of 0 nobody takes it for a default router, and all
 * other values are unspecified. As of all ICMPv6, the checksum is left to the kernel (RFC 3542 §3.1).
 */
export function encodeRouterAdvertisement(sender: MacAddress): Uint8Array {
  return message(TYPE_ROUTER_ADVERTISEMENT, ADVERTISEMENT_LENGTH, sender);
}

/** Asks routers to advertise themselves now. */
export function encodeRouterSolicitation(sender: MacAddress): Uint8Array {
  return message(TYPE_ROUTER_SOLICITATION, SOLICITATION_LENGTH, sender);
}

/** Of both kinds everything between the type and the options is zero here. */
function message(type: number, length: number, sender: MacAddress): Uint8Array {
  return new ByteWriter(length + LINK_LAYER_OPTION_LENGTH)
    .u8(type)
    .bytes(new Uint8Array(length - 1))
    .u8(OPTION_SOURCE_LINK_LAYER_ADDRESS)
    .u8(LINK_LAYER_OPTION_LENGTH / 8)
    .mac(sender)
    .finish();
}
