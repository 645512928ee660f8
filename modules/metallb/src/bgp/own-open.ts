import type { IpAddress } from '../net/ip.ts';
import type { BgpCapabilities } from '../packet/bgp-capabilities.ts';
import type { BgpOpen } from '../packet/bgp-open.ts';

/** What this node says of itself to a peer. */
export interface OwnSide {
  readonly localAsn: number;
  readonly routerId: IpAddress;
  readonly holdSeconds: number;
  /** As of the first OPEN of this process. AS numbers of four octets are always spoken. */
  readonly capabilities: Omit<BgpCapabilities, 'fourOctetAsn'>;
}

/**
 * The OPEN of this side. Once the peer has had a session with this process, it has not restarted since, and all that was
 * forwarded still is (RFC 4724 §3, 9494 §4.1): the bits that say so of a restart are about its first session alone.
 * @param isAgain there has been a session with the peer
 */
export function ownOpen(
  { localAsn: asn, routerId, holdSeconds, capabilities }: OwnSide,
  isAgain: boolean,
): BgpOpen {
  const all = { ...capabilities, fourOctetAsn: asn };
  return { asn, routerId, holdSeconds, capabilities: isAgain ? asOneThatGoesOn(all) : all };
}

function asOneThatGoesOn({
  gracefulRestart,
  longLived,
  ...others
}: BgpCapabilities): BgpCapabilities {
  return {
    ...others,
    gracefulRestart: gracefulRestart && {
      ...gracefulRestart,
      restarted: false,
      families: gracefulRestart.families.map(stillForwarding),
    },
    longLived: longLived.map(stillForwarding),
  };
}

function stillForwarding<T extends { readonly forwarding: boolean }>(family: T): T {
  return { ...family, forwarding: true };
}
