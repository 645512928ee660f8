import type { LivenessOptions } from '../liveness/liveness-options.ts';
import { SegmentLiveness } from '../liveness/segment-liveness.ts';
import { shortId } from '../packet/heartbeat.ts';
import type { SegmentLink, SegmentOptions, SegmentPorts } from './segment-options.ts';

/** The liveness of one segment, with this node's settings. */
export function livenessOf(
  link: SegmentLink,
  ports: SegmentPorts,
  options: SegmentOptions,
  past: Pick<LivenessOptions, 'resume' | 'returned'>,
): SegmentLiveness {
  const { node, holdDownMs, holdDownMaxMs, restartGraceMs } = options;
  return new SegmentLiveness(
    {
      ...{ node, holdDownMs, holdDownMaxMs, restartGraceMs },
      ...past,
      interface: link.name,
      cluster: shortId(options.cluster),
      intervalMs: options.heartbeatIntervalMs,
      multiplier: options.heartbeatMultiplier,
      newIncarnation: () => Buffer.from(ports.randomBytes(8)).toString('hex'),
      random: () => ports.random(),
    },
    ports.clock.now(),
  );
}
