/** The places of what stood there before, by its key: by itself unless told. */
export function repeats<T>(items: Iterable<T>, keyOf: (item: T) => unknown = (item) => item): ReadonlySet<number> {
  const [seen, found] = [new Set<unknown>(), new Set<number>()];
  let place = 0;
  for (const item of items) {
    const key = keyOf(item);
    if (seen.has(key)) found.add(place);
    seen.add(key);
    place += 1;
  }
  return found;
}
