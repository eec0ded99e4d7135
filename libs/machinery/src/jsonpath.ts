import { goJson, inOrder } from './go-text.ts';
import { type PathNode, type Piece, parsePieces, type Steps } from './jsonpath-parse.ts';

export interface JsonPathOptions {
  /** A field that is not there gives nothing, instead of an error. */
  readonly allowMissingKeys?: boolean;
}

/** A parsed template in kubectl's JSONPath dialect, such as `{range .items[*]}{.metadata.name}{"\n"}{end}`. */
export interface JsonPath {
  /** The text of the template over `data`. @throws Error with upstream's words, as `x is not found`. */
  print(data: unknown, options?: JsonPathOptions): string;
  /** What each `{…}` finds, in order, one list each. @throws as `print`. */
  find(data: unknown, options?: JsonPathOptions): unknown[][];
}

type Block = { readonly text: string } | { readonly steps: Steps } | { readonly range: Steps; readonly body: readonly Block[] };

/** @throws Error with upstream's words: `unclosed action`, `invalid array index x`, … */
export function parseJsonPath(template: string): JsonPath {
  const pieces = parsePieces(template);
  const blocks = nest(pieces, { at: 0 }, 0);
  const find = (data: unknown, options: JsonPathOptions = {}): unknown[][] => run(blocks, data, options.allowMissingKeys ?? false);
  return { find, print: (data, options) => find(data, options).map(printResults).join('') };
}

/** Gathers what stands between `range` and `end`. A range nobody ends goes to the end of the template. */
function nest(pieces: readonly Piece[], cursor: { at: number }, depth: number): Block[] {
  const blocks: Block[] = [];
  while (cursor.at < pieces.length) {
    const piece = pieces[cursor.at++];
    if (typeof piece === 'string') blocks.push({ text: piece });
    else if (piece?.[0]?.type !== 'identifier') blocks.push({ steps: piece ?? [] });
    else if (piece[0].name === 'range') blocks.push({ range: piece.slice(1), body: nest(pieces, cursor, depth + 1) });
    else if (piece[0].name !== 'end') throw new Error(`unrecognized identifier ${piece[0].name}`);
    else if (depth > 0) return blocks;
    else throw new Error('not in range, nothing to end');
  }
  return blocks;
}

function run(blocks: readonly Block[], data: unknown, lenient: boolean): unknown[][] {
  return blocks.flatMap((block) => {
    if ('text' in block) return [[block.text]];
    if ('steps' in block) return [walk(block.steps, [data], lenient)];
    return walk(block.range, [data], lenient).flatMap((element) => run(block.body, element, lenient));
  });
}

function walk(steps: Steps, input: readonly unknown[], lenient: boolean): unknown[] {
  let current = [...input];
  for (const node of steps) current = step(node, current, lenient);
  return current;
}

function step(node: PathNode, input: readonly unknown[], lenient: boolean): unknown[] {
  switch (node.type) {
    case 'text':
      return [node.text];
    case 'constant':
      return input.map(() => node.value);
    case 'field':
      return field(node.name, input, lenient);
    case 'wildcard':
      return input.flatMap(children);
    case 'recursive':
      return input.flatMap(descend);
    case 'union':
      return node.members.flatMap((member) => walk(member, input, lenient));
    case 'index':
    case 'slice':
      return input.filter(isSomething).flatMap((value) => pick(node, value));
    case 'filter':
      return input.flatMap((value) => filter(node, value, lenient));
    default:
      throw new Error(`unrecognized identifier ${node.name}`);
  }
}

function isSomething(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function field(name: string, input: readonly unknown[], lenient: boolean): unknown[] {
  const found = input.flatMap((value) => (isMap(value) && Object.hasOwn(value, name) && value[name] !== undefined ? [value[name]] : []));
  if (found.length === 0 && input.length > 0 && !lenient) throw new Error(`${name} is not found`);
  return found;
}

function children(value: unknown): unknown[] {
  return typeof value === 'object' && value !== null ? Object.values(value) : [];
}

/** The value and all lists and objects in it. */
function descend(value: unknown): unknown[] {
  const inner = children(value);
  return inner.length === 0 ? [] : [value, ...inner.flatMap(descend)];
}

function pick(node: Extract<PathNode, { type: 'index' | 'slice' }>, value: unknown): unknown[] {
  if (!Array.isArray(value)) throw new Error(`${goType(value)} is not array or slice`);
  const { length } = value;
  const resolve = (index: number): number => (index < 0 ? index + length : index);
  const start = resolve(node.type === 'index' ? node.index : (node.start ?? 0));
  const end = node.type === 'index' ? start + 1 : resolve(node.end ?? length);
  if (start === end) return [];
  if (start < 0 || start >= length) throw new Error(`array index out of bounds: index ${start}, length ${length}`);
  if (end < 0 || end > length) throw new Error(`array index out of bounds: index ${end - 1}, length ${length}`);
  if (start > end) throw new Error(`starting index ${start} is greater than ending index ${end}`);
  const every = node.type === 'slice' ? (node.step ?? 1) : 1;
  if (every <= 0) throw new Error('step must be > 0');
  return value.slice(start, end).filter((_, i) => i % every === 0);
}

function goType(value: unknown): string {
  if (isMap(value)) return 'map[string]interface {}';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64';
  return typeof value === 'boolean' ? 'bool' : 'string';
}

function filter(node: Extract<PathNode, { type: 'filter' }>, value: unknown, lenient: boolean): unknown[] {
  if (!Array.isArray(value)) throw new Error(`${printJsonPathValue(value)} is not array or slice and cannot be filtered`);
  return value.filter((element) => {
    if (node.operator === 'exists') return walk(node.left, [element], true).length > 0;
    const left = walk(node.left, [element], lenient);
    const right = walk(node.right, [element], lenient);
    if (left.length > 1 || right.length > 1) throw new Error('can only compare one element at a time');
    return left.length === 1 && right.length === 1 && compare(node.operator, left[0], right[0]);
  });
}

function compare(operator: string, left: unknown, right: unknown): boolean {
  for (const side of [left, right]) if (typeof side === 'object') throw new Error('invalid type for comparison');
  if (typeof left !== typeof right) throw new Error('incompatible types for comparison');
  if (operator === '==') return left === right;
  if (operator === '!=') return left !== right;
  if (typeof left === 'boolean') throw new Error('invalid type for comparison');
  const [a, b] = [left as string, right as string];
  if (operator === '<') return a < b;
  if (operator === '<=') return a <= b;
  if (operator === '>') return a > b;
  if (operator === '>=') return a >= b;
  throw new Error(`unrecognized filter operator ${operator}`);
}

function printResults(results: readonly unknown[]): string {
  return results.map(printJsonPathValue).join(' ');
}

/** Scalars as they are, lists and objects as JSON with sorted keys. */
export function printJsonPathValue(value: unknown): string {
  if (typeof value === 'object' && value !== null) return goJson(inOrder(value));
  return value === null || value === undefined ? '<nil>' : String(value);
}

/**
 * The template of a path as `-o custom-columns` and `--sort-by` accept it: `.a.b`, `a.b`, `{a.b}` and `{.a.b}` alike.
 * @throws Error with upstream's words.
 */
export function relaxedJsonPath(text: string): string {
  if (text === '') return '';
  const match = /^\{\.?([^{}]+)\}$|^\.?([^{}]+)$/.exec(text);
  if (!match) {
    throw new Error("unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{name1.name2}' or '{.name1.name2}'");
  }
  return `{.${match[1] ?? match[2]}}`;
}
