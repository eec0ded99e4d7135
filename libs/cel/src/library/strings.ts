import {
  add,
  byOverload,
  bySizes,
  type Cost,
  type Estimated,
  elements,
  multiply,
  perByte,
  type Range,
  range,
  sameSizeTraversal,
  scale,
  searching,
  traversal,
  unbounded,
  unknownSize,
} from '../costs.ts';
import { fn, type Overload } from '../declare.ts';
import { EvaluationError } from '../errors.ts';
import { codePoints, sizeOf } from '../values.ts';
import { format } from './format-text.ts';
import { keyText } from './operators.ts';

/** Places are counted in code points, as Go's runes. */
function place(text: string, index: bigint): number {
  if (index < 0n || index > BigInt(codePoints(text))) throw new EvaluationError(`index out of range: ${index}`);
  return Number(index);
}

function charAt(text: string, index: bigint): string {
  return [...text][place(text, index)] ?? '';
}

/** Beyond the end nothing is found but the empty text, which is everywhere. */
function indexOf(text: string, part: string, from = 0n): bigint {
  if (from < 0n) throw new EvaluationError(`index out of range: ${from}`);
  const chars = [...text];
  if (from >= BigInt(chars.length)) return part === '' ? BigInt(chars.length) : -1n;
  return codePointOf(text, text.indexOf(part, unitOf(chars, from)));
}

function lastIndexOf(text: string, part: string, from?: bigint): bigint {
  if (from === undefined) return codePointOf(text, text.lastIndexOf(part));
  if (from < 0n) throw new EvaluationError(`index out of range: ${from}`);
  const chars = [...text];
  if (from >= BigInt(chars.length)) return part === '' ? BigInt(chars.length) : -1n;
  return codePointOf(text, text.lastIndexOf(part, unitOf(chars, from)));
}

/** Where the character at a place begins, as JavaScript counts. */
function unitOf(chars: readonly string[], at: bigint): number {
  return chars.slice(0, Number(at)).join('').length;
}

function codePointOf(text: string, at: number): bigint {
  return at < 0 ? -1n : BigInt(codePoints(text.slice(0, at)));
}

function substring(text: string, start: bigint, end?: bigint): string {
  if (end !== undefined && start > end) throw new EvaluationError(`invalid substring range. start: ${start}, end: ${end}`);
  const first = place(text, start);
  return [...text].slice(first, end === undefined ? undefined : place(text, end)).join('');
}

/** At most as many as asked for; all of them when that is negative. */
function replace(text: string, part: string, other: string, most = -1n): string {
  if (most < 0n) return text.split(part).length > 1 || part === '' ? replaceFirst(text, part, other, Infinity) : text;
  return replaceFirst(text, part, other, Number(most));
}

function replaceFirst(text: string, part: string, other: string, most: number): string {
  const pieces = part === '' ? ['', ...text, ''] : text.split(part);
  return pieces.reduce((whole, piece, i) => whole + (i <= most ? other : part) + piece);
}

function split(text: string, separator: string, most = -1n): string[] {
  if (most === 0n) return [];
  const pieces = separator === '' ? [...text] : text.split(separator);
  if (most < 0n || pieces.length <= Number(most)) return pieces;
  const kept = Number(most) - 1;
  return [...pieces.slice(0, kept), pieces.slice(kept).join(separator)];
}

/** A value as upstream's mistakes show it. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(shown).join(', ')}]`;
  if (value === null || typeof value !== 'object') return keyText(value);
  if (!(value instanceof Map) && value.constructor !== Object) return keyText(value);
  const entries = value instanceof Map ? [...value] : Object.entries(value);
  return `{${entries.map(([key, one]) => `${shown(key)}: ${shown(one)}`).join(', ')}}`;
}

function join(list: readonly unknown[], separator = ''): string {
  const other = list.find((element) => typeof element !== 'string');
  if (other !== undefined) throw new EvaluationError(`join: invalid input: ${shown(other)}`);
  return list.join(separator);
}

const ascii = (change: (letter: string) => string, pattern: RegExp) => (text: string) => text.replaceAll(pattern, change);

const quoted: Readonly<Record<string, string>> = {
  ...{ '\x07': '\\a', '\b': '\\b', '\f': '\\f', '\n': '\\n', '\r': '\\r', '\t': '\\t', '\v': '\\v' },
  ...{ '"': '\\"', '\\': '\\\\' },
};

/** Quotes as Go does what is to be read again: `"a\"b"`. */
function quote(text: string): string {
  return `"${Array.from(text, (char) => quoted[char] ?? char).join('')}"`;
}

/** There and back: the text read, and the text made. */
const rewriting: Cost = {
  ...bySizes(([size = 0]) => Math.ceil(size * 2 * perByte)),
  estimate: (args) => ({ cost: scale(args[0]?.size ?? unknownSize, 2 * perByte), size: replacedSize(args) }),
};

/** From the shortest text that replacing can leave to the longest. */
function replacedSize([text, part, other]: readonly Estimated[]): Range {
  const [whole, old, fresh] = [text, part, other].map((one) => one?.size ?? unknownSize) as [Range, Range, Range];
  const places = (size: number, length: number): number => (length === 0 ? size + 1 : Math.ceil(size / length));
  const most = old.min > 0 && fresh.max <= old.min ? whole.max : places(whole.max, old.min) * fresh.max + (old.min === 0 ? whole.max : 0);
  const least = old.max > 0 && old.max <= fresh.min ? whole.min : places(whole.min, old.max) * fresh.min + (old.max === 0 ? whole.min : 0);
  return range(least, most);
}

const splitting: Cost = {
  ...bySizes(([size = 0]) => Math.ceil(size * 2 * perByte)),
  estimate: ([text, , most]) => {
    const size = text?.size ?? unknownSize;
    const pieces = typeof most?.literal === 'bigint' ? (most.literal < 0n ? unbounded : Number(most.literal)) : size.max;
    return { cost: scale(size, 2 * perByte), size: { min: 0, max: pieces } };
  },
};

const joining: Cost = {
  actual: (_args, made) => Math.ceil(sizeOf(made) * 2 * perByte),
  estimate: ([list, separator]) => {
    const count = list?.size ?? unknownSize;
    const element = list?.type.kind === 'list' ? list.element : { min: 0, max: 0 };
    const between = range(Math.max(count.min - 1, 0), Math.max(count.max - 1, 0));
    const gaps = separator ? multiply(separator.size, between) : { min: 0, max: 0 };
    const size = add(multiply(count, element), gaps);
    return { cost: scale(size, perByte), size };
  },
};

/** The pattern is read; what is made of it has no bound. */
const formatting: Cost = byOverload({ ...traversal, estimate: ([pattern]) => ({ cost: scale(pattern?.size ?? unknownSize, perByte) }) });

/** Every character may need another before it. Upstream's bound overflows when there is none. */
const quoting: Cost = bySizes(
  ([size = 0]) => Math.ceil(size * perByte),
  ([size = unknownSize]) => range(size.min + 2, size.max < unbounded ? 2 * size.max + 2 : 0),
);

/** As far as the part that is looked for. */
const affix: Cost = bySizes(([, part = 0]) => Math.ceil(part * perByte));

export const strings: readonly Overload[] = [
  fn('string.contains(string): bool', (text: string, part: string) => text.includes(part), searching),
  fn('string.startsWith(string): bool', (text: string, part: string) => text.startsWith(part), affix),
  fn('string.endsWith(string): bool', (text: string, part: string) => text.endsWith(part), affix),
  fn('string.charAt(int): string', charAt),
  fn('string.indexOf(string): int', indexOf, elements),
  fn('string.indexOf(string, int): int', indexOf, elements),
  fn('string.lastIndexOf(string): int', lastIndexOf, elements),
  fn('string.lastIndexOf(string, int): int', lastIndexOf, elements),
  fn(
    'string.lowerAscii(): string',
    ascii((letter) => letter.toLowerCase(), /[A-Z]/g),
    sameSizeTraversal,
  ),
  fn(
    'string.upperAscii(): string',
    ascii((letter) => letter.toUpperCase(), /[a-z]/g),
    sameSizeTraversal,
  ),
  fn('string.replace(string, string): string', replace, rewriting),
  fn('string.replace(string, string, int): string', replace, rewriting),
  fn('string.split(string): list<string>', split, splitting),
  fn('string.split(string, int): list<string>', split, splitting),
  fn('string.substring(int): string', substring, sameSizeTraversal),
  fn('string.substring(int, int): string', substring, sameSizeTraversal),
  fn('string.trim(): string', (text: string) => text.trim(), sameSizeTraversal),
  fn('list<string>.join(): string', join, joining),
  fn('list<string>.join(string): string', join, joining),
  fn('string.format(list<dyn>): string', format, formatting),
  fn('strings.quote(string): string', quote, quoting),
];
