/** One measured value. */
export interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly value: number;
  /** Milliseconds. */
  readonly p99?: number;
}

/** The value below which a share of `values` lies. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
