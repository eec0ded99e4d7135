import { naturalOrder, parseJsonPath, parseQuantity } from '@keelson/machinery';

/** Items in the order of what a JSONPath finds in them; those where it finds nothing come first. @throws Error with JSONPath's words. */
export function sortedByPath<T>(items: readonly T[], template: string, dataOf: (item: T) => unknown = (item) => item): T[] {
  const path = parseJsonPath(template);
  const keyed = items.map((item) => ({ item, key: path.find(dataOf(item), { allowMissingKeys: true }).flat()[0] }));
  if (items.length > 0 && keyed.every(({ key }) => key === undefined)) {
    throw new Error(`couldn't find any field with path "${template}" in the list of objects`);
  }
  return keyed.sort((a, b) => compareValues(a.key, b.key)).map(({ item }) => item);
}

function compareValues(a: unknown, b: unknown): number {
  if (a === undefined || b === undefined) return (a === undefined ? 0 : 1) - (b === undefined ? 0 : 1);
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const [left, right] = [String(a), String(b)];
  const [x, y] = [quantityOf(left), quantityOf(right)];
  if (x !== undefined && y !== undefined) return x === y ? 0 : x < y ? -1 : 1;
  return naturalOrder(left, right);
}

function quantityOf(text: string): bigint | undefined {
  try {
    return parseQuantity(text).nanos;
  } catch {
    return undefined;
  }
}
