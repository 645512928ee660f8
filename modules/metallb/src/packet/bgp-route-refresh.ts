import type { IpFamily } from '../net/ip.ts';
import { AFI, familyOfAfi, SAFI_UNICAST } from './bgp-capabilities.ts';
import { BGP_REASON, BgpError } from './bgp-error.ts';
import { BGP_MESSAGE, encodeBgpMessage, MAX_NOTIFICATION_DATA } from './bgp-message.ts';
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';

/** What there is to do about a ROUTE-REFRESH of RFC 2918 and 7313. */
export interface BgpRouteRefresh {
  /** The peer asks for everything of this family once more. */
  readonly asked: IpFamily | undefined;
  /** What is odd about it; the session goes on. */
  readonly fault: string | undefined;
}

const BODY_BYTES = 4;
/** RFC 7313 §3.2: one that asks, and two around what the peer sends anew. */
const SUBTYPE = { request: 0, begin: 1, end: 2 } as const;

/** @throws BgpError (RFC 7313 §5) */
export function decodeRouteRefresh(body: Uint8Array): BgpRouteRefresh {
  if (body.length !== BODY_BYTES) {
    const whole = encodeBgpMessage(BGP_MESSAGE.routeRefresh, body);
    const data = whole.subarray(0, MAX_NOTIFICATION_DATA);
    throw new BgpError(BGP_REASON.routeRefreshLength, `${body.length} octets`, data);
  }
  const reader = new ByteReader(body, 'BGP ROUTE-REFRESH');
  const afi = reader.u16();
  const subtype = reader.u8();
  const family = familyOfAfi(afi, reader.u8());
  // Begin and end are about the peer's own routes, of which none is kept.
  return {
    asked: subtype === SUBTYPE.request ? family : undefined,
    fault: subtype > SUBTYPE.end ? `ROUTE-REFRESH of the unknown subtype ${subtype}` : undefined,
  };
}

/** What stands before and after what is told once more (RFC 7313 §4.1); or the request for it. */
export function encodeRouteRefresh(family: IpFamily, subtype: keyof typeof SUBTYPE): Uint8Array {
  const body = new ByteWriter(BODY_BYTES)
    .u16(AFI[family])
    .u8(SUBTYPE[subtype])
    .u8(SAFI_UNICAST)
    .finish();
  return encodeBgpMessage(BGP_MESSAGE.routeRefresh, body);
}
