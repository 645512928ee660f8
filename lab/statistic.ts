/** Samples of one figure, summed up. */
export interface Statistic {
  readonly n: number;
  readonly min: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

/** Nearest-rank percentiles, rounded to thousandths. @throws RangeError without samples */
export function summarise(samples: readonly number[]): Statistic {
  if (samples.length === 0) throw new RangeError('no samples');
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (share: number) => {
    const sample = sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
    return Math.round(sample * 1000) / 1000;
  };
  return { n: sorted.length, min: at(0), p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) };
}
