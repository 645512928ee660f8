import type { AnnouncedReport } from '../duty/messages.ts';
import type { ClusterView } from './cluster-view.ts';
import type { AnnouncedService } from './speaker-metrics.ts';

/** The Services whose IPs a node announces on its segments, as MetalLB counts them. */
export function layer2Services(
  node: string,
  view: ClusterView,
  announced: readonly Pick<AnnouncedReport, 'ip'>[],
): AnnouncedService[] {
  return [...new Set(announced.map(({ ip }) => ip))].flatMap((ip) =>
    view.holdingsOf(ip).map(({ service }) => ({ service, protocol: 'layer2', node, ip })),
  );
}
