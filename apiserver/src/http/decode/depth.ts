import { badRequest } from '@keelson/machinery';

/** Levels of nesting. Go's parser takes ten thousand; here functions call themselves for each, and so few fill the stack. */
const deepest = 1_000;

/** @throws StatusError BadRequest for a value that is nested beyond reason: what was stored of it would fail whoever reads it. */
export function checkDepth(value: unknown): void {
  descend(value, 0);
}

function descend(value: unknown, depth: number): void {
  if (depth > deepest) throw badRequest('exceeded max depth');
  if (typeof value !== 'object' || value === null) return;
  for (const one of Array.isArray(value) ? value : Object.values(value)) descend(one, depth + 1);
}
