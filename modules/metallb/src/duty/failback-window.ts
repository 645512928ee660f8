import type { Failback } from '../api/failback.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 1_440 * MINUTE_MS;

/** Whether a preferred node may take its IPs back at this moment (network rule 22). */
export function failbackAt(failback: Failback, epochMs: number): 'allowed' | 'withheld' {
  if (failback.mode !== 'window') return failback.mode === 'auto' ? 'allowed' : 'withheld';
  const { startMinute, endMinute } = failback;
  const minute = Math.floor((epochMs % DAY_MS) / MINUTE_MS);
  const inside =
    startMinute < endMinute
      ? minute >= startMinute && minute < endMinute
      : minute >= startMinute || minute < endMinute;
  return inside ? 'allowed' : 'withheld';
}

/** When `failbackAt` next says something else; undefined when it never does. */
export function nextFailbackEdge(failback: Failback, epochMs: number): number | undefined {
  if (failback.mode !== 'window') return undefined;
  const midnight = epochMs - (epochMs % DAY_MS);
  const edges = [failback.startMinute, failback.endMinute].map((minute) => {
    const today = midnight + minute * MINUTE_MS;
    return today > epochMs ? today : today + DAY_MS;
  });
  return Math.min(...edges);
}
