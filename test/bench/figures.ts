/** One measured value. */
export interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly value: number;
  /** Milliseconds. */
  readonly p99?: number;
  /** Where it is the middle one of several runs: all of them, in their order. */
  readonly each?: readonly number[];
}

/** The value below which a share of `values` lies. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/** The middle of each figure over several runs that told the same ones. */
export function middle(runs: readonly (readonly Figure[])[]): Figure[] {
  return (runs[0] ?? []).map((figure, i) => {
    const each = runs.flatMap((run) => run[i]?.value ?? []);
    return { ...figure, value: percentile(each, 0.5), each };
  });
}
