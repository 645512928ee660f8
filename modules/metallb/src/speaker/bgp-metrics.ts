import type { SessionFacts } from '../routing/sessions.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { MirroredMetrics } from '../telemetry/mirrored-metrics.ts';

const BGP_PORT = 179;

/** A session, as far as it is counted. */
export type CountedSession = Pick<
  SessionFacts,
  'neighbor' | 'port' | 'state' | 'updatesSent' | 'toldPrefixes' | 'pendingPrefixes'
>;

/** Sessions by MetalLB's names, which dashboards and alerts know. */
export class BgpMetrics {
  readonly #mirrored: MirroredMetrics;

  constructor(metrics: Metrics) {
    this.#mirrored = new MirroredMetrics(metrics, 'Of the BGP session with a peer');
  }

  show(sessions: readonly CountedSession[]): void {
    this.#mirrored.update(
      sessions.flatMap((session) => {
        const labels = { peer: peerLabel(session) };
        const gauge = (name: string, value: number) =>
          ({ name: `bgp_${name}`, type: 'gauge', labels, value }) as const;
        return [
          gauge('session_up', Number(session.state === 'Established')),
          gauge('announced_prefixes_total', session.toldPrefixes),
          gauge('pending_prefixes_total', session.pendingPrefixes),
          { ...gauge('updates_total', session.updatesSent), type: 'counter' as const },
        ];
      }),
    );
  }
}

/** As MetalLB writes it, with the port; one whose password can't be read has the usual. */
function peerLabel({ neighbor, port = BGP_PORT }: CountedSession): string {
  return neighbor.includes(':') ? `[${neighbor}]:${port}` : `${neighbor}:${port}`;
}
