import { goQuote } from '@keelson/machinery';

/** `%d`, `%.2f` and so on. */
export interface Clause {
  readonly verb: string;
  /** Digits behind the point. */
  readonly precision: number;
  /** Kinds of types that it shows. */
  readonly kinds: readonly string[];
  /** What is wrong with a value of another type. */
  problem(type: string): string;
}

/** A pattern that is none. */
export class FormatError extends Error {
  override name = 'FormatError';
}

const everything = [
  ...['list', 'map', 'object', 'int', 'uint', 'double', 'bool', 'string'],
  ...['timestamp', 'bytes', 'duration', 'type', 'null'],
];
const whole = ['int', 'uint'];
const real = ['double', 'string'];
const hex = { kinds: [...whole, 'string', 'bytes'], words: 'only integers, byte buffers, and strings can be formatted as hex' };

const verbs: Readonly<Record<string, { readonly kinds: readonly string[]; readonly words: string }>> = {
  s: {
    kinds: everything,
    words: 'string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps',
  },
  d: { kinds: whole, words: 'decimal clause can only be used on integers' },
  f: { kinds: real, words: 'fixed-point clause can only be used on doubles' },
  e: { kinds: real, words: 'scientific clause can only be used on doubles' },
  b: { kinds: [...whole, 'bool'], words: 'only integers and bools can be formatted as binary' },
  o: { kinds: whole, words: 'octal clause can only be used on integers' },
  x: hex,
  X: hex,
};

const usualPrecision = 6;
const pattern = /%%|%(?:(\.)([0-9]*))?([\s\S])?/g;

/** The parts of a pattern: text, and clauses between. @throws FormatError at the first clause that is none. */
export function* clauses(text: string): Generator<string | Clause> {
  let from = 0;
  for (const match of text.matchAll(pattern)) {
    if (match.index > from) yield text.slice(from, match.index);
    from = match.index + match[0].length;
    yield match[0] === '%%' ? '%' : clauseOf(match);
  }
  if (from < text.length) yield text.slice(from);
}

function clauseOf([all, point, digits = '', verb]: RegExpMatchArray): Clause {
  if (all === '%') throw new FormatError('unexpected end of string');
  const precision = point === undefined ? usualPrecision : precisionOf(digits, verb);
  const known = verb === undefined ? undefined : verbs[verb];
  if (verb === undefined || !known) throw unreadable(`unrecognized formatting clause "${verb}"`);
  return { verb, precision, kinds: known.kinds, problem: (type) => `${known.words}, was given ${type}` };
}

function precisionOf(digits: string, verb: string | undefined): number {
  if (verb === undefined) throw unreadable('error while parsing precision: could not find end of precision specifier');
  if (digits !== '') return Number(digits);
  const why = `error while converting precision to integer: strconv.Atoi: parsing ${goQuote(digits)}: invalid syntax`;
  throw unreadable(`error while parsing precision: ${why}`);
}

function unreadable(why: string): FormatError {
  return new FormatError(`could not parse formatting clause: ${why}`);
}
