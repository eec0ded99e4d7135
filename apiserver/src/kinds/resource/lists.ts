import { type FieldError, type FieldPath, fieldDuplicate, fieldTooMany, repeats } from '@keelson/machinery';

/** What is wrong with each of at most `limit` items; of more than that, only that they are too many. */
export function eachOf<T>(
  items: readonly T[],
  limit: number,
  at: FieldPath,
  check: (item: T, where: FieldPath) => readonly FieldError[],
): FieldError[] {
  if (items.length > limit) return [fieldTooMany(at, items.length, limit)];
  return items.flatMap((item, index) => check(item, at.index(index)));
}

/** As `eachOf`, and no two items may have the same key. */
export function eachOfSet<T>(
  items: readonly T[],
  limit: number,
  at: FieldPath,
  check: (item: T, where: FieldPath) => readonly FieldError[],
  keyOf: (item: T) => string | undefined,
): FieldError[] {
  const errors = eachOf(items, limit, at, check);
  if (items.length > limit) return errors;
  const again = [...repeats(items, keyOf)].map((index) => fieldDuplicate(at.index(index), keyOf(items[index] as T)));
  return [...errors, ...again];
}
