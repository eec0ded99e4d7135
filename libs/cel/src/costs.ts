import type { CelType } from './types.ts';
import { entryOf, keysOf, kindOf, Opaque, sizeOf } from './values.ts';

/** The least and the most of something. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

/** What is known of an argument before there are values. */
export interface Estimated {
  readonly type: CelType;
  readonly size: Range;
  /** Of a list's elements. */
  readonly element: Range;
  /** The value of a literal. */
  readonly literal?: unknown;
}

export interface Estimate {
  readonly cost: Range;
  /** Of what the call gives, where that is known. */
  readonly size?: Range | undefined;
}

/** What a call costs, in upstream's units. */
export interface Cost {
  /** @param args the receiver first. */
  actual(args: readonly unknown[], result: unknown): number;
  estimate(args: readonly Estimated[]): Estimate;
  /** Upstream finds this cost by the overload: where types leave several of them, a call costs one. */
  readonly byOverload?: true;
}

export function byOverload(cost: Cost): Cost {
  return { ...cost, byOverload: true };
}

/** Upstream counts in 64 bits and stays at the largest number. */
export const unbounded: number = 2 ** 64;
/** What looking at a byte of text costs. */
export const perByte = 0.1;
/** What a byte of a regular expression costs for each ten bytes of text. */
export const perPatternByte = 0.25;

/** Upstream's bound for the names of formats. */
const longestFormatName = 64;

export const nominalRange: Range = { min: 1, max: 1 };
export const unknownSize: Range = { min: 0, max: unbounded };

export function range(min: number, max: number): Range {
  return { min: Math.min(min, unbounded), max: Math.min(max, unbounded) };
}

export function add(a: Range, b: Range): Range {
  return range(a.min + b.min, a.max + b.max);
}

export function multiply(a: Range, b: Range): Range {
  return range(a.min * b.min, a.max * b.max);
}

export function scale({ min, max }: Range, factor: number): Range {
  return range(Math.ceil(min * factor), Math.ceil(max * factor));
}

/** From the lower minimum to the higher maximum. */
export function union(a: Range, b: Range): Range {
  return { min: Math.min(a.min, b.min), max: Math.max(a.max, b.max) };
}

/** A cost that grows with the sizes of the arguments, and the size of the result when that is known. */
export function bySizes(formula: (sizes: readonly number[]) => number, size?: (sizes: readonly Range[]) => Range): Cost {
  return {
    actual: (args) => formula(args.map(sizeOf)),
    estimate: (args) => {
      const sizes = args.map((one) => one.size);
      const cost = range(formula(sizes.map(({ min }) => min)), formula(sizes.map(({ max }) => max)));
      return size ? { cost, size: size(sizes) } : { cost };
    },
  };
}

const none: Range = { min: 0, max: 0 };

export function first([size = none]: readonly Range[]): Range {
  return size;
}

export function total(sizes: readonly Range[]): Range {
  return sizes.reduce(add, none);
}

export const nominal: Cost = { actual: () => 1, estimate: () => ({ cost: nominalRange }) };

/** One pass over the text, or the bytes, of the receiver or first argument. */
export const traversal: Cost = bySizes(([size = 0]) => Math.ceil(size * perByte));
export const sameSizeTraversal: Cost = bySizes(([size = 0]) => Math.ceil(size * perByte), first);
/** As far as the shorter of two. */
export const comparison: Cost = {
  byOverload: true,
  actual: ([a, b]) => Math.ceil(Math.min(sizeOf(a), sizeOf(b)) * perByte),
  estimate: ([a, b]) => {
    const most = Math.min(a?.size.max ?? 0, b?.size.max ?? 0);
    return { cost: scale({ min: most > 0 ? 1 : 0, max: most }, perByte) };
  },
};
/** Values of a library's own type are one thing to compare; how much their texts may be is known of a few. */
export const equality: Cost = {
  actual: (args, result) => (args[0] instanceof Opaque ? 1 : comparison.actual(args, result)),
  estimate: (args) => {
    const [a, b] = args;
    if (a?.type.kind !== 'opaque' || b?.type.kind !== 'opaque' || a.type.name !== b.type.name) return comparison.estimate(args);
    const text = a.type.name === 'kubernetes.NamedFormat' ? longestFormatName : a.type.name === 'kubernetes.URL' ? b.size.max : 1;
    return { cost: scale({ min: 1, max: text < unbounded ? text : 1 }, perByte) };
  },
};
export const concatenation: Cost = {
  byOverload: true,
  actual: (args) => Math.ceil(args.reduce<number>((sum, arg) => sum + sizeOf(arg), 0) * perByte),
  estimate: (args) => {
    const size = total(args.map((arg) => arg.size));
    return { cost: scale(size, perByte), size };
  },
};
/** Every place of the text against every byte of the pattern. */
export const matching: Cost = bySizes(([text = 0, pattern = 0]) => Math.ceil((1 + text) * perByte) * Math.ceil(pattern * perPatternByte));
export const searching: Cost = bySizes(([text = 0, part = 0]) => Math.ceil(text * perByte) * Math.ceil(part * perByte));

/** Each element against each of the other. */
export function pairs(factor: number): Cost {
  return bySizes(([a = 0, b = 0]) => 1 + a * b * factor);
}

/** A pass over all elements, text in them included. */
export const elements: Cost = {
  actual: ([whole]) => depth(whole),
  estimate: ([whole]) => {
    if (!whole) return { cost: nominalRange };
    if (whole.type.kind !== 'list') return { cost: scale(whole.size, perByte) };
    const { kind } = whole.type.of;
    const text = kind === 'string' || kind === 'bytes' ? scale(whole.element, perByte) : none;
    return { cost: multiply(whole.size, add(nominalRange, text)) };
  },
};

/** A pass over a value with all that is in it. Text is counted by its bytes here. */
function depth(value: unknown): number {
  if (typeof value === 'string') return Math.trunc(new TextEncoder().encode(value).length * perByte);
  if (value instanceof Uint8Array) return Math.trunc(value.length * perByte);
  if (Array.isArray(value)) return value.reduce<number>((sum, element) => sum + depth(element), 0);
  if (kindOf(value) !== 'map') return 1;
  return keysOf(value).reduce<number>((sum, key) => sum + depth(key) + depth(entryOf(value, key)), 0);
}
