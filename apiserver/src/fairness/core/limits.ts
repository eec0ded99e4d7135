/** What a priority level is configured to have of the server's seats. */
export interface Shares {
  readonly shares: number;
  readonly lendablePercent: number;
  /** Of its nominal seats; undefined: as much as others lend. */
  readonly borrowingLimitPercent?: number | undefined;
}

/** Seats of a priority level: what it has, the least that lending leaves it and the most it may come to by borrowing. */
export interface Limits {
  readonly nominal: number;
  readonly lower: number;
  readonly upper: number;
}

/** Divides the server's seats by shares, in the order given. Rounded up, so the sum may be a little more than there are. */
export function limitsOf(total: number, levels: readonly Shares[]): Limits[] {
  const sum = levels.reduce((before, { shares }) => before + shares, 0);
  return levels.map(({ shares, lendablePercent, borrowingLimitPercent }) => {
    const nominal = sum === 0 ? 0 : Math.ceil((total * shares) / sum);
    const lower = nominal - Math.round((nominal * lendablePercent) / 100);
    const upper = borrowingLimitPercent === undefined ? total : nominal + Math.round((nominal * borrowingLimitPercent) / 100);
    return { nominal, lower, upper };
  });
}

/** How many seats a level wanted. */
export interface Demand {
  readonly limits: Limits;
  /** The most at once in the last period. */
  readonly highest: number;
  /** The same, slow to fall: see `smoothed`. */
  readonly smoothed: number;
}

export interface Lending {
  /** Seats of each level for the next period, in the order given. */
  readonly seats: readonly number[];
  /** What each should have come to. */
  readonly targets: readonly number[];
  /** Of its target what each gets, unless a bound keeps it from that. */
  readonly fraction: number;
}

/** Of the old value, what is left after a period of ten seconds: a burst is remembered for some minutes, as upstream. */
const memory = 0.977;

/** Rises at once, falls slowly. */
export function smoothed(before: number, highest: number): number {
  return highest >= before ? highest : memory * before + (1 - memory) * highest;
}

/**
 * Moves seats from levels that do not use them to levels that would. Each keeps what it used of its nominal seats, and at least what it
 * does not lend; what remains is divided in proportion to demand, within each level's bounds.
 */
export function lend(total: number, demands: readonly Demand[]): Lending {
  const bounds = demands.map(({ limits, highest }) => {
    const least = Math.max(limits.lower, Math.min(limits.nominal, highest));
    return { least, most: Math.max(limits.upper, least) };
  });
  const targets = demands.map(({ smoothed: wanted }, i) => Math.max(wanted, bounds[i]?.least ?? 0));
  const given = (fraction: number): number[] =>
    bounds.map(({ least, most }, i) => Math.min(most, Math.max(least, fraction * (targets[i] ?? 0))));
  const fraction = largestWithin(total, given);
  return { seats: given(fraction).map(Math.round), targets, fraction };
}

/** By halving: what is given grows with the fraction. */
function largestWithin(total: number, given: (fraction: number) => readonly number[]): number {
  const fits = (fraction: number): boolean => given(fraction).reduce((a, b) => a + b, 0) <= total;
  let [low, high] = [0, Math.max(total, 1)];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (fits(middle)) low = middle;
    else high = middle;
  }
  return low;
}
