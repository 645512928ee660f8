import type { DutyTable } from '../duty/duty.ts';
import { isCounted, type Peer } from '../liveness/peer.ts';
import type { IpAddress } from '../net/ip.ts';

/**
 * Whether an IP that nobody answers for may be answered by this node. What it knows from before it was restarted may be
 * over: whoever has seen newer cluster state and serves the IP would have answered (network rule 25).
 */
export function mayTake(
  ip: IpAddress,
  { duties, revision }: DutyTable,
  peers: readonly Peer[],
): boolean {
  if (duties.get(ip)?.probing !== 'full') return true;
  return !peers.some((peer) => isCounted(peer) && peer.revision > revision);
}
