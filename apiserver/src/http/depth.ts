import { badRequest } from '@keelson/machinery';

/** Levels of nesting. Go's parser takes ten thousand; here functions call themselves for each, and so few fill the stack. */
const deepest = 1_000;

/** @throws StatusError BadRequest for a value that is nested beyond reason: what was stored of it would fail whoever reads it. */
export function checkDepth(value: unknown): void {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > deepest) throw badRequest('exceeded max depth');
    level = level.flatMap((one) => (typeof one === 'object' && one !== null ? Object.values(one) : []));
  }
}
