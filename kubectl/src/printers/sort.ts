import { compareStrings, parseJsonPath, parseQuantity } from '@keelson/machinery';
import { kindOf, typeName, type Value } from '../template/value.ts';

/** Items in the order of what a JSONPath finds in them; those where it finds nothing come first. @throws Error with JSONPath's words. */
export function sortedByPath<T>(items: readonly T[], template: string, dataOf: (item: T) => unknown = (item) => item): T[] {
  const path = parseJsonPath(template);
  const keyed = items.map((item) => ({ item, key: path.find(dataOf(item), { allowMissingKeys: true }).flat()[0] }));
  if (items.length > 0 && keyed.every(({ key }) => key === undefined)) {
    throw new Error(`couldn't find any field with path "${template}" in the list of objects`);
  }
  try {
    return keyed.sort((a, b) => compareValues(a.key, b.key)).map(({ item }) => item);
  } catch (error) {
    if (!(error instanceof Unsortable)) throw error;
    throw new Error(`Field ${template} is an unsortable type: interface, err: ${error.message}`);
  }
}

/** Values that are neither both numbers nor both strings. */
class Unsortable extends Error {
  constructor(a: unknown) {
    const kind = kindOf(a as Value);
    const basic = kind === 'string' || kind === 'int' || kind === 'float';
    super(basic ? 'unsortable interface: interface' : `unsortable type: ${typeName(a as Value)}`);
  }
}

function compareValues(a: unknown, b: unknown): number {
  if (a === undefined || b === undefined) return (a === undefined ? 0 : 1) - (b === undefined ? 0 : 1);
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a !== 'string' || typeof b !== 'string') throw new Unsortable(a);
  const [x, y] = [quantityOf(a), quantityOf(b)];
  if (x !== undefined && y !== undefined) return x === y ? 0 : x < y ? -1 : 1;
  return compareStrings(a, b);
}

function quantityOf(text: string): bigint | undefined {
  try {
    return parseQuantity(text).nanos;
  } catch {
    return undefined;
  }
}
