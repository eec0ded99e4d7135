import { goJson, goQuote } from '../go-text.ts';
import { isObject } from '../patch/json-object.ts';
import { type FieldSet, leaf } from './fields.ts';
import type { ListType } from './type.ts';

/**
 * The element that names an item of a list of type `set` or `map`.
 * @throws Error for an item that cannot be told from others, in upstream's words.
 */
export function itemElement(item: unknown, list: ListType): string {
  return list.how === 'map' ? keyElement(item, list) : valueElement(item);
}

function valueElement(item: unknown): string {
  if (item === null) throw new Error("associative list without keys has an element that's an explicit null");
  if (Array.isArray(item)) throw new Error('not supported: associative list with lists as elements');
  if (typeof item === 'object') throw new Error("associative list without keys has an element that's a map type");
  return `v:${JSON.stringify(item)}`;
}

function keyElement(item: unknown, { keys, keyDefaults }: ListType): string {
  if (item === null) throw new Error('associative list with keys may not have a null element');
  if (!isObject(item)) throw new Error('associative list with keys may not have non-map elements');
  let found = '';
  for (const key of keys) {
    const value = item[key] === undefined ? keyDefaults[key] : item[key];
    if (value !== undefined) found += `${found === '' ? '' : ','}"${key}":${JSON.stringify(value)}`;
  }
  if (found !== '') return `k:{${found}}`;
  const names = `[${keys.map(goQuote).join(' ')}]`;
  throw new Error(
    `associative list with keys has an element that omits all key fields ${names} (and doesn't have default values for any key fields)`,
  );
}

/** As `itemElement`; undefined for an item that cannot be named. */
export function namedItem(item: unknown, list: ListType): string | undefined {
  try {
    return itemElement(item, list);
  } catch {
    return undefined;
  }
}

/** A path as upstream prints it: `.spec.containers[name="web"].image`, `.metadata.finalizers[="x"]`. */
export function pathText(path: readonly string[]): string {
  return path.map(elementText).join('');
}

/** One element as upstream prints it in a path. */
export function elementText(element: string): string {
  const rest = element.slice(2);
  switch (element[0]) {
    case 'f':
      return `.${rest}`;
    case 'k':
      return `[${Object.entries(JSON.parse(rest) as object)
        .map(([key, value]) => `${key}=${valueText(value)}`)
        .join(',')}]`;
    case 'v':
      return `[=${valueText(JSON.parse(rest))}]`;
    default:
      return `[${rest}]`;
  }
}

function valueText(value: unknown): string {
  return typeof value === 'string' ? goQuote(value) : goJson(value);
}

/**
 * A set as a client wrote it, its elements in the one spelling we compare by.
 * @throws Error for what is no set of fields.
 */
export function decodeFields(value: unknown): FieldSet {
  if (!isObject(value)) throw new Error('fieldsV1 is not an object');
  const entries = Object.entries(value).map(([element, below]) => [canonical(element), decodeFields(below)] as const);
  return entries.length === 0 ? leaf : Object.fromEntries(entries);
}

function canonical(element: string): string {
  if (element === '.') return element;
  const rest = element.slice(2);
  const kind = element.slice(0, 2);
  if (kind === 'f:') return element;
  if (kind === 'i:' && /^-?\d+$/.test(rest)) return element;
  if (kind === 'v:') return `v:${JSON.stringify(JSON.parse(rest))}`;
  const keys: unknown = kind === 'k:' ? JSON.parse(rest) : undefined;
  if (!isObject(keys)) throw new Error(`${JSON.stringify(element)} is no element of a path`);
  return `k:${JSON.stringify(Object.fromEntries(Object.entries(keys).sort(([a], [b]) => (a < b ? -1 : 1))))}`;
}
