import { parseGoDuration } from '@keelson/machinery';
import { UsageError } from './errors.ts';

interface Described {
  readonly short?: string;
  readonly help: string;
  readonly hidden?: boolean;
  /** What is said of it when it is given. */
  readonly deprecated?: string;
}

/**
 * One flag. `list` may be repeated and holds commas between values, `array` may only be repeated; `duration` is in milliseconds.
 * `implied` is the value of the flag given without one.
 */
export type FlagSpec =
  | (Described & { readonly type: 'string'; readonly default?: string; readonly implied?: string })
  | (Described & { readonly type: 'bool'; readonly default?: boolean })
  | (Described & { readonly type: 'int'; readonly default?: number })
  | (Described & { readonly type: 'duration'; readonly default?: number })
  | (Described & { readonly type: 'list' | 'array'; readonly default?: readonly string[] });

export type FlagSpecs = Readonly<Record<string, FlagSpec>>;

type Value<S extends FlagSpec> = S['type'] extends 'bool'
  ? boolean
  : S['type'] extends 'int' | 'duration'
    ? number
    : S['type'] extends 'list' | 'array'
      ? readonly string[]
      : string;

export type FlagValues<F extends FlagSpecs> = { readonly [K in keyof F]: Value<F[K]> };

export interface ParsedArguments {
  readonly values: Readonly<Record<string, unknown>>;
  readonly changed: ReadonlySet<string>;
  /** Each flag as it was given, in its long form: `--namespace=x`. */
  readonly given: readonly string[];
  readonly args: readonly string[];
  readonly dash: number;
}

/** One argument: a flag with what it takes, or not a flag. */
interface Token {
  readonly name: string;
  readonly value: string;
  /** The arguments that the flag and its value took. */
  readonly length: number;
  /** What follows in the same group of short flags. */
  readonly rest: string;
}

/**
 * Reads flags as pflag does: `--name=value`, `--name value`, `-n value`, `-nvalue`, groups as `-it`; positional arguments anywhere; nothing
 * after `--` is a flag.
 * @throws UsageError in pflag's words.
 */
export function parseArguments(argv: readonly string[], specs: FlagSpecs): ParsedArguments {
  const values: Record<string, unknown> = {};
  for (const [name, spec] of Object.entries(specs)) values[name] = defaultOf(spec);
  const changed = new Set<string>();
  const given: string[] = [];
  const args: string[] = [];
  let dash = -1;
  for (let at = 0; at < argv.length; at++) {
    const argument = argv[at] as string;
    if (argument === '--') {
      dash = args.length;
      args.push(...argv.slice(at + 1));
      break;
    }
    if (!argument.startsWith('-') || argument === '-') {
      args.push(argument);
      continue;
    }
    for (let text = argument; text !== ''; ) {
      const token = readFlag(text, argv[at + 1], specs);
      const spec = specs[token.name] as FlagSpec;
      values[token.name] = changed.has(token.name) ? add(values[token.name], spec, token) : add([], spec, token);
      changed.add(token.name);
      given.push(`--${token.name}=${token.value}`);
      if (token.length > 1) at++;
      text = token.rest;
    }
  }
  return { values, changed, given, args, dash };
}

/** Where the first argument stands that is neither a flag nor a flag's value; -1 when there is none. */
export function firstPositional(argv: readonly string[], specs: FlagSpecs): number {
  for (let at = 0; at < argv.length; at++) {
    const argument = argv[at] as string;
    if (argument === '--') return -1;
    if (!argument.startsWith('-') || argument === '-') return at;
    const name = argument.startsWith('--') ? argument.slice(2) : longName(argument.at(-1) ?? '', specs);
    const spec = name === undefined ? undefined : specs[name];
    const short = !argument.startsWith('--') && argument.length > 2;
    // As cobra has it, a flag that is not known here takes what follows it.
    if (!short && !argument.includes('=') && (!spec || takesNext(spec))) at++;
  }
  return -1;
}

function takesNext(spec: FlagSpec): boolean {
  return spec.type !== 'bool' && !('implied' in spec);
}

function longName(short: string, specs: FlagSpecs): string | undefined {
  return Object.entries(specs).find(([, spec]) => spec.short === short)?.[0];
}

function readFlag(text: string, next: string | undefined, specs: FlagSpecs): Token {
  return text.startsWith('--') ? readLong(text, next, specs) : readShort(text, next, specs);
}

function readLong(text: string, next: string | undefined, specs: FlagSpecs): Token {
  const [, name = '', attached] = /^--([^=]*)(?:=([\s\S]*))?$/.exec(text) ?? [];
  const spec = Object.hasOwn(specs, name) ? specs[name] : undefined;
  if (!spec) throw new UsageError(name === 'help' ? 'help' : `unknown flag: --${name}`);
  if (attached !== undefined) return { name, value: attached, length: 1, rest: '' };
  if (!takesNext(spec)) return { name, value: impliedOf(spec), length: 1, rest: '' };
  if (next === undefined) throw new UsageError(`flag needs an argument: --${name}`);
  return { name, value: next, length: 2, rest: '' };
}

function readShort(text: string, next: string | undefined, specs: FlagSpecs): Token {
  const letter = text[1] ?? '';
  const name = longName(letter, specs);
  const spec = name === undefined ? undefined : specs[name];
  if (name === undefined || !spec) throw new UsageError(`unknown shorthand flag: '${letter}' in ${text}`);
  const after = text.slice(2);
  // An equals sign alone is the value itself, as pflag has it.
  if (after.startsWith('=') && after !== '=') return { name, value: after.slice(1), length: 1, rest: '' };
  if (!takesNext(spec)) return { name, value: impliedOf(spec), length: 1, rest: after === '' ? '' : `-${after}` };
  if (after !== '') return { name, value: after, length: 1, rest: '' };
  if (next === undefined) throw new UsageError(`flag needs an argument: '${letter}' in ${text}`);
  return { name, value: next, length: 2, rest: '' };
}

function impliedOf(spec: FlagSpec): string {
  return spec.type === 'string' && spec.implied !== undefined ? spec.implied : 'true';
}

/** The value a flag has when nobody gives it. */
export function defaultOf(spec: FlagSpec): unknown {
  switch (spec.type) {
    case 'string':
      return spec.default ?? '';
    case 'bool':
      return spec.default ?? false;
    case 'int':
    case 'duration':
      return spec.default ?? 0;
    default:
      return spec.default ?? [];
  }
}

function add(before: unknown, spec: FlagSpec, { name, value }: Token): unknown {
  const label = spec.short ? `-${spec.short}, --${name}` : `--${name}`;
  const invalid = (why: string): UsageError => new UsageError(`invalid argument ${JSON.stringify(value)} for "${label}" flag: ${why}`);
  switch (spec.type) {
    case 'string':
      return value;
    case 'bool':
      if (/^(?:1|t|T|true|TRUE|True)$/.test(value)) return true;
      if (/^(?:0|f|F|false|FALSE|False)$/.test(value)) return false;
      throw invalid(`strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`);
    case 'int':
      if (/^[+-]?\d+$/.test(value)) return Number(value);
      throw invalid(`strconv.ParseInt: parsing ${JSON.stringify(value)}: invalid syntax`);
    case 'duration':
      return readDuration(value, invalid);
    case 'list':
      return [...(before as string[]), ...splitList(value)];
    case 'array':
      return [...(before as string[]), value];
  }
}

function readDuration(value: string, invalid: (why: string) => UsageError): number {
  try {
    return parseGoDuration(value);
  } catch (error) {
    throw invalid((error as Error).message);
  }
}

/** Values between commas; one in double quotes may hold commas itself. */
function splitList(value: string): string[] {
  if (value === '') return [];
  return Array.from(
    value.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g),
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '',
  );
}
