import type { BfdProfile } from '../api/bfd-profile.ts';
import type { BgpPeer } from '../api/bgp-peer.ts';
import { keyOf } from '../api/object.ts';
import type { ListenedPeer } from '../linux/bgp-socket.ts';
import type { PeerBfd } from '../routing/bfd-link.ts';
import { bfdOfPeer, isOnLink } from '../routing/peer-bfd.ts';
import { neighborText, type PeerSetup } from '../routing/peer-options.ts';
import type { PeerConfig } from '../routing/sessions.ts';
import type { FoundBfdKey, FoundPasswords } from './peer-passwords.ts';

/** What there is to be with a router: a session of BGP, or why there must be none, and one of BFD beside it. */
export interface PeerWish {
  readonly config: PeerConfig;
  readonly bfd?: PeerBfd;
}

/** What its Secrets say, or why they can't be read. */
export interface PeerSecrets {
  readonly found: FoundPasswords;
  /** Undefined without BFD. */
  readonly bfd: { readonly profile: BfdProfile; readonly found: FoundBfdKey } | undefined;
}

/**
 * Fail closed: what is to be secured has no session before its password, and the key of its BFD, can be read. There is no
 * BFD beside a peer that there is to be no session with.
 */
export function peerWish(
  { metadata, spec }: BgpPeer,
  setup: PeerSetup | string,
  { found, bfd }: PeerSecrets,
): PeerWish {
  const peer = { name: keyOf(metadata), neighbor: neighborText(spec.neighbor) };
  const without = (problem: string): PeerWish => ({ config: { ...peer, wanted: { problem } } });
  if (typeof setup === 'string') return without(setup);
  if ('problem' in found) return without(found.problem);
  const config = { ...peer, wanted: { setup, passwords: found.passwords } };
  if (bfd === undefined) return { config };
  if ('problem' in bfd.found) return without(bfd.found.problem);
  const { profile, found: signed } = bfd;
  return { config, bfd: bfdOfPeer(peer.name, setup, { profile, key: signed.key }, isOnLink) };
}

/** As much of it as its connections are known by; the other passwords are for connections from here. */
export function listenedPeer({ config: { wanted } }: PeerWish): ListenedPeer[] {
  if ('problem' in wanted) return [];
  const { address, hops } = wanted.setup.options.peer;
  return [{ address, hops, password: wanted.passwords[0] }];
}
