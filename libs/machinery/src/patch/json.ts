import { copyOf } from '../copy.ts';
import { byteLength, goJson } from '../go-text.ts';
import { isObject, type JsonObject } from './json-object.ts';
import { sameJson } from './same.ts';

/** One step of an RFC 6902 patch. */
export interface JsonPatchOperation {
  readonly op: string;
  readonly path: string;
  readonly from?: string;
  readonly value?: unknown;
}

/**
 * Applies an RFC 6902 patch to a copy of a document, as upstream's library does: what is not there can be replaced, indexes below zero
 * count from the end, and null is as good as nothing. Nothing is applied unless everything can be.
 * @param copyLimit bytes of JSON that `copy` may add altogether: without it a short patch could make any amount of data.
 * @throws JsonPatchTestFailed, or another Error, in upstream's words.
 */
export function applyJsonPatch(
  document: unknown,
  operations: readonly JsonPatchOperation[],
  copyLimit = Number.POSITIVE_INFINITY,
): unknown {
  const patching = new Patching(copyOf(document), copyLimit);
  for (const operation of operations) patching.apply(operation);
  return patching.document;
}

/** A `test` that found something else. */
export class JsonPatchTestFailed extends Error {}

/** The map or list that holds what a path leads to, and its name there. */
interface Place {
  readonly holder: JsonObject | unknown[];
  readonly key: string;
}

class Patching {
  document: unknown;
  readonly #copyLimit: number;
  #copied = 0;

  constructor(document: unknown, copyLimit: number) {
    this.document = document;
    this.#copyLimit = copyLimit;
  }

  apply(operation: JsonPatchOperation | null): void {
    const { op, path, from, value: given = null } = operation ?? ({} as Partial<JsonPatchOperation>);
    const value = copyOf(given);
    const lacking = (): string => `${op} operation does not apply: doc is missing path: "${path}"`;
    const ways = new Map<unknown, () => void>([
      ['add', () => add(this.#placeOf(path, lacking()), value)],
      ['remove', () => remove(this.#placeOf(path, lacking()))],
      ['replace', () => this.#replace(path, value)],
      ['move', () => this.#move(from, path)],
      ['copy', () => this.#copy(from, path)],
      ['test', () => this.#test(path, value)],
    ]);
    const way = ways.get(op);
    if (!way) throw new Error(`Unexpected kind: ${typeof op === 'string' ? op : 'unknown'}`);
    way();
  }

  #replace(path: string | undefined, value: unknown): void {
    if (path === '') {
      if (typeof value !== 'object' || value === null) throw new Error('replace operation value must be object or array');
      this.document = value;
      return;
    }
    const place = this.#placeOf(path, `replace operation does not apply: doc is missing path: ${path}`);
    if (Array.isArray(place.holder)) place.holder[indexIn(place.holder, place.key)] = value;
    else put(place.holder, place.key, value);
  }

  #move(from: string | undefined, path: string | undefined): void {
    const source = this.#placeOf(from, `move operation does not apply: doc is missing from path: ${from}`);
    const value = valueAt(source);
    remove(source);
    add(this.#placeOf(path, `move operation does not apply: doc is missing destination path: ${path}`), value);
  }

  #copy(from: string | undefined, path: string | undefined): void {
    const value = valueAt(this.#placeOf(from, `copy operation does not apply: doc is missing from path: ${from}`));
    const place = this.#placeOf(path, `copy operation does not apply: doc is missing destination path: ${path}`);
    if (value !== undefined) this.#copied += byteLength(goJson(value));
    if (this.#copied > this.#copyLimit) {
      const sizes = `the accumulated size increase of copy is ${this.#copied}, exceeding the limit ${this.#copyLimit}`;
      throw new Error(`Unable to complete the copy, ${sizes}`);
    }
    add(place, copyOf(value ?? null));
  }

  #test(path: string | undefined, value: unknown): void {
    const found = path === '' ? this.document : valueAt(this.#placeOf(path, `test operation does not apply: is missing path: ${path}`));
    if (!sameJson(found ?? null, value)) throw new JsonPatchTestFailed(`testing value ${path} failed: test failed`);
  }

  #placeOf(path: string | undefined, otherwise: string): Place {
    const steps = typeof path === 'string' ? path.split('/').slice(1).map(unescaped) : [];
    const key = steps.pop();
    let holder = this.document;
    for (const step of steps) holder = isHolder(holder) ? valueOrNothing({ holder, key: step }) : undefined;
    if (key === undefined || !isHolder(holder)) throw new Error(`${otherwise}: missing value`);
    return { holder, key };
  }
}

function unescaped(step: string): string {
  return step.replaceAll('~1', '/').replaceAll('~0', '~');
}

function isHolder(value: unknown): value is Place['holder'] {
  return Array.isArray(value) || isObject(value);
}

/** @throws Error for what is no index, or none of this list. `extra` is 1 where one more may stand. */
function indexIn(list: readonly unknown[], key: string, extra = 0): number {
  if (!/^[+-]?\d+$/.test(key)) throw new Error(`strconv.Atoi: parsing "${key}": invalid syntax`);
  const size = list.length + extra;
  const index = Number(key);
  if (index >= size || index < -size) throw new Error(`Unable to access invalid index: ${index}: invalid index referenced`);
  return index < 0 ? index + size : index;
}

/** Undefined for what a map has not. */
function valueAt({ holder, key }: Place): unknown {
  if (Array.isArray(holder)) return holder[indexIn(holder, key)];
  return Object.hasOwn(holder, key) ? holder[key] : undefined;
}

function valueOrNothing(place: Place): unknown {
  try {
    return valueAt(place);
  } catch {
    return undefined;
  }
}

function add({ holder, key }: Place, value: unknown): void {
  if (!Array.isArray(holder)) put(holder, key, value);
  else if (key === '-') holder.push(value);
  else holder.splice(indexIn(holder, key, 1), 0, value);
}

function remove({ holder, key }: Place): void {
  if (Array.isArray(holder)) holder.splice(indexIn(holder, key), 1);
  else if (Object.hasOwn(holder, key)) delete holder[key];
  else throw new Error(`Unable to remove nonexistent key: ${key}: missing value`);
}

/** A plain assignment would take `__proto__` for something else. */
function put(holder: JsonObject, key: string, value: unknown): void {
  Object.defineProperty(holder, key, { value, writable: true, enumerable: true, configurable: true });
}
