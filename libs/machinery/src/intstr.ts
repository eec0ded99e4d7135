/** A number, or a percentage such as `25%`. */
export type IntOrString = number | string;

/**
 * The number a value stands for.
 * @param total what percentages are of.
 * @throws Error with upstream's words for a string that is no percentage.
 */
export function scaledValue(value: IntOrString, total: number, round: 'up' | 'down'): number {
  if (typeof value === 'number') return value;
  const percent = percentOf(value);
  const exact = (percent * total) / 100;
  return round === 'up' ? Math.ceil(exact) : Math.floor(exact);
}

/** The number of a percentage. @throws Error with upstream's words. */
export function percentOf(value: string): number {
  if (!value.endsWith('%')) throw new Error('invalid value for IntOrString: invalid type: string is not a percentage');
  const digits = value.slice(0, -1);
  if (!/^[+-]?[0-9]+$/.test(digits)) {
    throw new Error(
      `invalid value for IntOrString: invalid value ${JSON.stringify(value)}: strconv.Atoi: parsing ${JSON.stringify(digits)}: invalid syntax`,
    );
  }
  return Number(digits);
}

export interface RollingBounds {
  /** Pods above the wanted number. */
  readonly maxSurge: number;
  /** Pods below it. */
  readonly maxUnavailable: number;
}

/** The two bounds of a rolling update for a size: never both 0, or nothing could move. Both are 0 unless given. @throws as `scaledValue`. */
export function rollingBounds(maxSurge: IntOrString | undefined, maxUnavailable: IntOrString | undefined, wanted: number): RollingBounds {
  const surge = scaledValue(maxSurge ?? 0, wanted, 'up');
  const unavailable = scaledValue(maxUnavailable ?? 0, wanted, 'down');
  return { maxSurge: surge, maxUnavailable: surge === 0 && unavailable === 0 ? 1 : unavailable };
}
