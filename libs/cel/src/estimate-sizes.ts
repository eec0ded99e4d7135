import { type Range, union } from './costs.ts';
import type { Expr } from './expr.ts';
import type { CelType } from './types.ts';
import { sizeOf } from './values.ts';

/** The way to a part of a variable: its name, then names of fields, `@items`, `@keys`, `@values`. Empty for what is no such part. */
export type Path = readonly string[];

/** What is known of the elements of a list or the entries of a map. */
export interface Entry {
  readonly of: 'list' | 'map';
  readonly key: Range;
  readonly value: Range;
}

/** A variable within an expression. */
export interface Local {
  readonly path: Path;
  readonly size: Range | undefined;
  readonly entry: Entry | undefined;
}

export const exactly = (count: number): Range => ({ min: count, max: count });

export function unionOf(a: Entry | undefined, b: Entry | undefined): Entry | undefined {
  return a && b && { of: a.of, key: union(a.key, b.key), value: union(a.value, b.value) };
}

/** How large a part of a variable can be; undefined when nothing is known of it. */
export type Sizes = (path: Path) => Range | undefined;

/** Sizes by a declared type: upstream looks from there, whatever variable a path begins with. @param partOf finds a part by its name */
export function sizesOf(root: CelType, part: (type: CelType, name: string) => CelType | undefined = partOf): Sizes {
  return (path) => {
    if (path.length === 0) return undefined;
    let type: CelType | undefined = root;
    for (const name of path.slice(1)) {
      type = part(type, name);
      if (!type) return undefined;
    }
    return { min: 0, max: type.max ?? 0 };
  };
}

export function partOf(type: CelType, name: string): CelType | undefined {
  if (name === '@items' || name === '@values') return type.kind === 'list' ? type.of : type.kind === 'map' ? type.value : undefined;
  if (name === '@keys') return type.kind === 'map' ? type.key : undefined;
  return type.kind === 'object' && Object.hasOwn(type.fields, name) ? type.fields[name] : undefined;
}

/** The size of what is written out. */
export function literalSize(expr: Expr): Range | undefined {
  if (expr.kind === 'const') return exactly(sizeOf(expr.value));
  if (expr.kind === 'list') return exactly(expr.elements.length);
  return expr.kind === 'map' ? exactly(expr.entries.length) : undefined;
}

/** Numbers and times have one size. */
export function isScalar(type: CelType): boolean {
  if (type.kind === 'optional') return isScalar(type.of);
  return ['bool', 'double', 'duration', 'int', 'timestamp', 'uint'].includes(type.kind);
}
