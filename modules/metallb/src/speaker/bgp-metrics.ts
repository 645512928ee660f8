import type { BfdReport } from '../bfd/messages.ts';
import type { SessionFacts } from '../routing/sessions.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { MirroredMetrics } from '../telemetry/mirrored-metrics.ts';

const BGP_PORT = 179;

/** A session, as far as it is counted. */
export interface CountedSession
  extends Pick<
    SessionFacts,
    'neighbor' | 'port' | 'state' | 'updatesSent' | 'toldPrefixes' | 'pendingPrefixes'
  > {
  /** Of the BFD session beside it. */
  readonly bfd: BfdReport | undefined;
}

/** What there is to count of BGP. */
export interface BgpFigures {
  readonly sessions: readonly CountedSession[];
  /** Of those who are none of this node's routers. */
  readonly refusedConnections: number;
}

/** Sessions by MetalLB's names, which dashboards and alerts know. */
export class BgpMetrics {
  readonly #mirrored: MirroredMetrics;

  constructor(metrics: Metrics) {
    this.#mirrored = new MirroredMetrics(metrics, 'Of the BGP sessions of this node');
  }

  show({ sessions, refusedConnections: value }: BgpFigures): void {
    this.#mirrored.update([
      { name: 'bgp_refused_connections_total', type: 'counter', labels: {}, value },
      ...sessions.flatMap((session) => {
        const labels = { peer: peerLabel(session) };
        const gauge = (name: string, value: number) =>
          ({ name: `bgp_${name}`, type: 'gauge', labels, value }) as const;
        const { bfd, neighbor: peer } = session;
        const bfdUp = {
          type: 'gauge',
          labels: { peer },
          value: Number(bfd?.standing === 'Up'),
        } as const;
        return [
          ...(bfd === undefined ? [] : [{ name: 'bfd_session_up', ...bfdUp }]),
          gauge('session_up', Number(session.state === 'Established')),
          gauge('announced_prefixes_total', session.toldPrefixes),
          gauge('pending_prefixes_total', session.pendingPrefixes),
          { ...gauge('updates_total', session.updatesSent), type: 'counter' as const },
        ];
      }),
    ]);
  }
}

/** As MetalLB writes it, with the port; one whose password can't be read has the usual. */
function peerLabel({ neighbor, port = BGP_PORT }: CountedSession): string {
  return neighbor.includes(':') ? `[${neighbor}]:${port}` : `${neighbor}:${port}`;
}
