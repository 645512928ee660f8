import type { DutyTable } from '../duty/duty.ts';
import { isCounted } from '../liveness/peer.ts';
import type { SegmentLiveness } from '../liveness/segment-liveness.ts';
import type { Conditions } from './conditions.ts';
import type { Counters } from './counters.ts';

/** Tells people how well one segment is heard. */
export class SegmentHealth {
  readonly #interface: string;
  readonly #conditions: Conditions;
  readonly #counters: Counters;

  constructor(interfaceName: string, conditions: Conditions, counters: Counters) {
    this.#interface = interfaceName;
    this.#conditions = conditions;
    this.#counters = counters;
  }

  tell({ deaf, neverHeard, peers }: SegmentLiveness, electionsBegun: boolean, table: DutyTable) {
    const proven = peers.filter(({ phase }) => phase === 'proven').map(({ node }) => node);
    const alone = electionsBegun && neverHeard && hasCompany(table);
    const tell = this.#conditions.set.bind(this.#conditions);
    tell('Deaf', deaf, 'peers are silent and no frame is received at all; taking over nothing');
    tell('NoPeersHeard', alone, 'no heartbeat was ever heard here; electing by what the API says');
    tell('HeartbeatsLost', proven.length > 0, `heartbeats of ${proven} are lost, but it answers`);
    for (const peer of peers) {
      const labels = { interface: this.#interface, peer: peer.node };
      this.#counters.set('peer_up', labels, Number(isCounted(peer)));
    }
  }
}

function hasCompany({ groups }: DutyTable): boolean {
  return [...groups.values()].some(({ members }) => members.length > 1);
}
