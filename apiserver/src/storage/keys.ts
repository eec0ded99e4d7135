/** A half-open range of keys in byte order: `from` belongs to it, `to` does not. No `to`: to the end. */
export interface KeyRange {
  readonly from: string;
  readonly to: string | undefined;
}

/**
 * Byte order of the UTF-8 forms, as etcd and SQLite sort. JavaScript's `<` compares UTF-16 units, which puts characters
 * above U+FFFF before U+E000…U+FFFF.
 */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** Surrogates (parts of characters above U+FFFF) rank after every other unit. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit;
}

/** The keys that begin with `prefix` and sort after `startAfter`. */
export function rangeOf(prefix: string, startAfter?: string): KeyRange {
  const next = startAfter === undefined ? prefix : `${startAfter}\0`;
  return { from: compareKeys(next, prefix) > 0 ? next : prefix, to: prefixEnd(prefix) };
}

export function inRange(key: string, range: KeyRange): boolean {
  return compareKeys(key, range.from) >= 0 && (range.to === undefined || compareKeys(key, range.to) < 0);
}

/** The least string greater than every key with this prefix; undefined when there is none. */
function prefixEnd(prefix: string): string | undefined {
  const points = Array.from(prefix, (character) => character.codePointAt(0) ?? 0);
  for (let last = points.pop(); last !== undefined; last = points.pop()) {
    if (last < 0x10ffff) return String.fromCodePoint(...points, last === 0xd7ff ? 0xe000 : last + 1);
  }
  return undefined;
}
