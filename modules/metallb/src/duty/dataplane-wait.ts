/** Longest wait for a kube-proxy that answers but is busy. */
export const BUSY_WAIT_MS = 2_000;

/**
 * The longest time that a node keeps a new IP back for its kube-proxy (network rule 26), in milliseconds.
 *
 * @param blindWaitMs where kube-proxy can't be asked; 0: no IP ever waits
 */
export function longestDataplaneWaitMs(blindWaitMs: number): number {
  return blindWaitMs === 0 ? 0 : Math.max(BUSY_WAIT_MS, blindWaitMs);
}
