/** Lists of a job's indexes, in the form of `completedIndexes`: `1,3-5,7`. */

/**
 * How many indexes a list names.
 * @param completions indexes lie below it.
 * @throws Error with upstream's words for a list out of form, out of order or out of range.
 */
export function countIndexes(text: string, completions: number): number {
  return intervals(text, completions).reduce((sum, [first, last]) => sum + last - first + 1, 0);
}

/** The first index both lists name. Lists out of form have none. */
export function sharedIndex(a: string, b: string, completions: number): number | undefined {
  for (const [first, last] of intervals(a, completions)) {
    for (const [from, to] of intervals(b, completions)) if (from <= last && first <= to) return Math.max(first, from);
  }
  return undefined;
}

function intervals(text: string, completions: number): [number, number][] {
  let previous: number | undefined;
  return (text === '' ? [] : text.split(',')).map((part) => {
    const [first, last] = interval(part, completions);
    if (previous !== undefined && first <= previous) throw new Error(`non-increasing order, previous: ${previous}, current: ${first}`);
    previous = last;
    return [first, last];
  });
}

function interval(part: string, completions: number): [number, number] {
  const limits = part.split('-');
  if (limits.length > 2)
    throw new Error(`the fragment "${part}" violates the requirement that an index interval can have at most two parts separated by '-'`);
  const [first, last] = limits.map((limit) => index(limit, completions)) as [number, number?];
  if (last !== undefined && first >= last) throw new Error(`non-increasing order, previous: ${first}, current: ${last}`);
  return [first, last ?? first];
}

function index(text: string, completions: number): number {
  if (!/^[+-]?[0-9]+$/.test(text)) {
    throw new Error(`cannot convert string to integer for index: "${text}"`);
  }
  const value = Number(text);
  if (value >= completions) throw new Error(`too large index: "${text}"`);
  return value;
}
