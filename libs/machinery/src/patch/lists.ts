import { goPrint } from '../go-text.ts';
import { badRequest, unprocessable } from '../status.ts';
import { deletes, wrongType } from './directives.ts';
import { isObject, type JsonObject } from './json-object.ts';

/** Whether a list's elements, of all the lists together, are maps. @throws Error for lists of lists and for elements of several types. */
export function holdsMaps(...lists: readonly (readonly unknown[])[]): boolean {
  const [first, ...others] = lists.flat();
  if (first === undefined) throw badRequest('no elements in any of the given slices');
  if (Array.isArray(first)) throw unprocessable(new Error('lists of lists are not supported'));
  const type = typeOf(first);
  if (others.some((other) => typeOf(other) !== type)) throw badRequest(`list element types are not identical: ${goPrint(lists)}`);
  return type === 'object';
}

function typeOf(value: unknown): string {
  return Array.isArray(value) ? 'list' : typeof value;
}

/** What tells an element from others: its merge key, or itself where there is none. @throws Error for an element without the key. */
export function identityOf(element: unknown, mergeKey: string): unknown {
  if (mergeKey === '') return element;
  if (!isObject(element)) throw wrongType('map', element);
  if (!Object.hasOwn(element, mergeKey)) throw noMergeKey(element, mergeKey);
  return element[mergeKey];
}

export function noMergeKey(element: JsonObject, mergeKey: string): Error {
  return badRequest(`map: ${goPrint(element)} does not contain declared merge key: ${mergeKey}`);
}

/**
 * Puts merged elements in order. Those of `wanted` follow its order; the others keep theirs, each before the first wanted element that
 * followed it in `before`, the list as it was. What is to be deleted stands last among its own.
 */
export function arranged(
  elements: readonly unknown[],
  wanted: readonly unknown[],
  before: readonly unknown[],
  mergeKey: string,
): unknown[] {
  const wantedRank = ranks(wanted, mergeKey);
  const oldRank = ranks(before, mergeKey);
  const rank = (order: Map<unknown, number>) => (element: unknown) => order.get(identityOf(element, mergeKey));
  const isWanted = (element: unknown): boolean => rank(wantedRank)(element) !== undefined;
  const asked = sortedBy(elements.filter(isWanted), rank(wantedRank));
  const others = sortedBy(
    elements.filter((element) => !isWanted(element)),
    rank(oldRank),
  );
  const result: unknown[] = [];
  for (const element of asked) {
    const limit = rank(oldRank)(element) ?? -1;
    while (others.length > 0 && (rank(oldRank)(others[0]) ?? limit) < limit) result.push(others.shift());
    result.push(element);
  }
  return [...result, ...others];
}

function ranks(list: readonly unknown[], mergeKey: string): Map<unknown, number> {
  return new Map(list.map((element, i) => [identityOf(element, mergeKey), i] as const).reverse());
}

/** Stable; what has no rank comes last. */
function sortedBy(list: readonly unknown[], rank: (element: unknown) => number | undefined): unknown[] {
  const last = list.filter(deletes);
  const ranked = list.filter((element) => !deletes(element)).map((element) => ({ element, at: rank(element) ?? Number.MAX_SAFE_INTEGER }));
  return [...ranked.sort((a, b) => a.at - b.at).map(({ element }) => element), ...last];
}
