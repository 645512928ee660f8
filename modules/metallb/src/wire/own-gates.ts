import type { Reach } from '../duty/duty.ts';
import { isCounted, type Peer } from '../liveness/peer.ts';
import type { Gates, Heartbeat } from '../packet/heartbeat.ts';
import type { SegmentPorts } from './segment-options.ts';

/** Of every interface that is not named. */
const OTHERS = '*';

/**
 * The gates that this node fails on one segment. Whoever does not reach its targets stands back only for somebody who
 * does: where the gateway itself is gone, all would have to step behind each other, one after the other as they find
 * out, and IPs would move for nothing. Once behind, it stays so until its targets answer again.
 */
export class OwnGates {
  readonly #interface: string;
  readonly #ports: Pick<SegmentPorts, 'table' | 'knowsDuties' | 'keepGates'>;
  readonly #liveness: { readonly peers: readonly Peer[] };
  #failed: Gates;
  #judged: Gates;

  /** @param failed what the wire process before failed: it counts until the speaker has told */
  constructor(
    interfaceName: string,
    ports: Pick<SegmentPorts, 'table' | 'knowsDuties' | 'keepGates'>,
    liveness: { readonly peers: readonly Peer[] },
    failed: Gates = { dataplane: false, reachability: false },
  ) {
    this.#interface = interfaceName;
    this.#ports = ports;
    this.#liveness = liveness;
    this.#failed = failed;
    this.#judged = failed;
    ports.keepGates(failed);
  }

  /** @returns whether elections may end otherwise than at the last call */
  judge(): boolean {
    this.#look();
    const isNews = this.#judged !== this.#failed;
    this.#judged = this.#failed;
    return isNews;
  }

  /** What heartbeats and elections are told now. */
  get told(): Pick<Heartbeat, 'failedGates' | 'reaches' | 'revision'> {
    this.#look();
    const { revision } = this.#ports.table();
    return { failedGates: this.#failed, reaches: this.#reach === 'reached', revision };
  }

  #look(): void {
    if (!this.#ports.knowsDuties()) return;
    const { dataplane, reachability } = this.#found();
    const before = this.#failed;
    if (before.dataplane === dataplane && before.reachability === reachability) return;
    this.#failed = { dataplane, reachability };
    this.#ports.keepGates(this.#failed);
  }

  #found(): Gates {
    const dataplane = this.#ports.table().dataplaneFailed;
    const reach = this.#reach;
    if (reach === 'doubtful') return { dataplane, reachability: this.#failed.reachability };
    const standsBack = this.#failed.reachability || this.#liveness.peers.some(servesAndReaches);
    return { dataplane, reachability: reach === 'lost' && standsBack };
  }

  get #reach(): Reach | undefined {
    const { reachability } = this.#ports.table();
    return reachability[this.#interface] ?? reachability[OTHERS];
  }
}

function servesAndReaches(peer: Peer): boolean {
  const { state, reaches } = peer;
  return reaches && isCounted(peer) && (state === 'eligible' || state === 'holding-down');
}
