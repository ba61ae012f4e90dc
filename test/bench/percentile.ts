/** Percentiles of measured times. */

export type Percentiles = { p50: number; p90: number; p99: number };

/** The smallest value that `share` of all values are not above (nearest rank). `sorted` ascends and isn't empty. */
const nearestRank = (sorted: readonly number[], share: number): number =>
  sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;

/** `undefined` of nothing. */
export const percentiles = (values: readonly number[]): Percentiles | undefined => {
  if (values.length === 0) return undefined;
  const sorted = [...values].sort((a, b) => a - b);
  return { p50: nearestRank(sorted, 0.5), p90: nearestRank(sorted, 0.9), p99: nearestRank(sorted, 0.99) };
};
