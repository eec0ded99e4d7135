import { isObject } from './merge.ts';

/** Whether two elements stand for the same one: by merge key, or by value where there is none. */
export function sameElement(a: unknown, b: unknown, mergeKey: string): boolean {
  return identity(a, mergeKey) === identity(b, mergeKey);
}

function identity(element: unknown, mergeKey: string): unknown {
  return mergeKey !== '' && isObject(element) ? element[mergeKey] : element;
}

/**
 * Puts merged elements in order. Those of `wanted` follow its order; the others keep theirs, each before the first wanted element that
 * followed it in `before`, the list as it was.
 */
export function arrange(elements: readonly unknown[], wanted: readonly unknown[], before: readonly unknown[], mergeKey: string): unknown[] {
  const wantedRank = ranks(wanted, mergeKey);
  const oldRank = ranks(before, mergeKey);
  const rank = (order: Map<unknown, number>) => (element: unknown) => order.get(identity(element, mergeKey)) ?? Number.POSITIVE_INFINITY;
  const isWanted = (element: unknown): boolean => wantedRank.has(identity(element, mergeKey));
  const asked = sortedBy(elements.filter(isWanted), rank(wantedRank));
  const others = sortedBy(
    elements.filter((element) => !isWanted(element)),
    rank(oldRank),
  );
  const result: unknown[] = [];
  let next = 0;
  for (const element of asked) {
    const limit = oldRank.get(identity(element, mergeKey)) ?? Number.NEGATIVE_INFINITY;
    while (next < others.length && rank(oldRank)(others[next]) < limit) result.push(others[next++]);
    result.push(element);
  }
  return [...result, ...others.slice(next)];
}

function ranks(list: readonly unknown[], mergeKey: string): Map<unknown, number> {
  const found = new Map<unknown, number>();
  for (const [i, element] of list.entries()) {
    const key = identity(element, mergeKey);
    if (!found.has(key)) found.set(key, i);
  }
  return found;
}

/** Stable, and safe for infinite ranks. */
function sortedBy(list: readonly unknown[], rank: (element: unknown) => number): unknown[] {
  return list.toSorted((a, b) => (rank(a) === rank(b) ? 0 : rank(a) - rank(b)));
}
