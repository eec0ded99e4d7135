import type { Random } from '@keelson/base';

/** Makes a value by chance. */
export type Sketch = (random: Random) => unknown;

/** One of these, as they are. */
export function oneOf(...values: readonly unknown[]): Sketch {
  return (random) => values[Math.floor(random.next() * values.length)];
}

/** An object that has most of these members. */
export function members(all: Readonly<Record<string, Sketch>>): Sketch {
  return (random) => {
    const drawn = Object.entries(all).map(([name, sketch]) => [name, random.next() < 0.8 ? sketch(random) : undefined]);
    return Object.fromEntries(drawn.filter(([, value]) => value !== undefined));
  };
}

/** Up to three. */
export function several(sketch: Sketch): Sketch {
  return (random) => Array.from({ length: Math.floor(random.next() * 4) }, () => sketch(random));
}

/** With what a document of a kind always has. */
export function documentOf(apiVersion: string, kind: string, content: Sketch): Sketch {
  return (random) => ({ apiVersion, kind, ...(content(random) as object) });
}
