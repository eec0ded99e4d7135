import { goPrint } from '../go-text.ts';
import { badRequest } from '../status.ts';
import { deletes, directive, hasDirective, isOrder, isRemoval, listedField, retainKeys, wrongType } from './directives.ts';
import { isObject, type JsonObject } from './json-object.ts';
import { arranged, holdsMaps, identityOf, noMergeKey } from './lists.ts';
import { sameJson } from './same.ts';
import { type PatchField, type PatchSchemas, type PatchType, patchField, patchType } from './schema.ts';

/** As `applyStrategicMergePatch`, to an object that Go holds: lists that a patch leaves without an element go. */
export function patchTyped(current: JsonObject, patch: JsonObject, schemas: PatchSchemas, typeName: string): JsonObject {
  return mergeObjects(current, patch, { ...patchType(schemas, typeName), omitsEmpty: true }, 'apply');
}

/**
 * Applies a strategic merge patch to an object of the named type. Neither argument changes. Where the schema knows nothing, objects
 * merge and lists are replaced.
 * @throws StatusError Invalid (422) for lists of lists, BadRequest for what else makes no sense. Upstream foresees only some of it, and takes
 * the rest for the server's fault (500).
 */
export function applyStrategicMergePatch(current: JsonObject, patch: JsonObject, schemas: PatchSchemas, typeName: string): JsonObject {
  return mergeObjects(current, patch, patchType(schemas, typeName), 'apply');
}

/** What a patch is merged into: an object it changes, or another patch, which then does both. */
export type Purpose = 'apply' | 'combine';

export function mergeObjects(original: JsonObject, patch: JsonObject, type: PatchType, purpose: Purpose): JsonObject {
  if (Object.hasOwn(patch, directive)) return wholeObject(patch);
  const result = new Map(Object.entries(original));
  const { [retainKeys]: kept, ...fields } = patch;
  if (kept !== undefined) retain(result, fields, kept, purpose);
  const left = new Map(Object.entries(fields));
  for (const key of Object.keys(fields)) if (isOrder(key)) mergeOrdered(result, left, key, type, purpose);
  for (const [key, value] of left) mergeMember(result, key, value, type, purpose);
  return Object.fromEntries(type.omitsEmpty ? [...result].filter(([name, value]) => !isEmptied(value, original[name])) : result);
}

function isEmptied(value: unknown, before: unknown): boolean {
  return Array.isArray(value) && value.length === 0 && value !== before;
}

/** `$patch: replace` takes the patch as it is, `delete` leaves nothing. */
function wholeObject(patch: JsonObject): JsonObject {
  const { [directive]: what, ...rest } = patch;
  if (what === 'replace') return rest;
  if (what === 'delete') return {};
  throw unknownDirective(patch);
}

function unknownDirective(patch: JsonObject): Error {
  return badRequest(`unknown patch type: ${goPrint(patch[directive])} in map: ${goPrint(patch)}`);
}

/** Leaves the fields that are to be kept, which must be all that the patch speaks of. */
function retain(result: Map<string, unknown>, fields: JsonObject, kept: unknown, purpose: Purpose): void {
  if (purpose === 'combine') {
    result.set(retainKeys, kept);
    return;
  }
  if (!Array.isArray(kept)) throw badRequest('invalid patch format of retainKeys');
  const names = new Set<unknown>(kept);
  for (const [key, value] of Object.entries(fields)) {
    if (value !== null && !isRemoval(key) && !isOrder(key) && !names.has(key)) throw badRequest('invalid patch format of retainKeys');
  }
  for (const key of result.keys()) if (!names.has(key)) result.delete(key);
}

/** A list with its `$setElementOrder`, which are both done with then. */
function mergeOrdered(result: Map<string, unknown>, left: Map<string, unknown>, key: string, type: PatchType, purpose: Purpose): void {
  const order = left.get(key);
  left.delete(key);
  if (purpose === 'combine') {
    if (result.has(key) && !sameJson(result.get(key), order)) throw badRequest('invalid patch format of setElementOrder list');
    result.set(key, order);
  }
  const wanted = listOf(order);
  const name = listedField(key);
  if (name === undefined) throw badRequest('invalid patch format of setElementOrder list');
  const original = result.has(name) ? listOf(result.get(name)) : undefined;
  const patched = left.has(name) ? listOf(left.get(name)) : undefined;
  const field = patchField(type, name);
  checkOrder(patched ?? [], wanted, field.mergeKey);
  if (!original && !patched) return;
  const merged =
    original && patched
      ? mergeListField(original, patched, field, purpose, false)
      : (original ?? (withoutDirectives(patched) as unknown[]));
  if (holdsMaps(original ?? [], patched ?? [])) for (const element of wanted) identityOf(element, field.mergeKey);
  result.set(name, arranged(merged, wanted, original ?? [], field.mergeKey));
  left.delete(name);
}

function listOf(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw wrongType('list', value);
  return value;
}

/** The patch's own elements must stand in the order it asks for, none missing from it. */
function checkOrder(patched: readonly unknown[], wanted: readonly unknown[], mergeKey: string): void {
  if (wanted.length === 0) return;
  if (mergeKey !== '') for (const element of patched) if (!isObject(element)) throw wrongType('map', element);
  const plain = mergeKey === '' ? patched : patched.filter((element) => !deletes(element));
  let at = 0;
  for (const element of wanted) {
    while (hasDirective(plain[at])) at++;
    if (at < plain.length && identityOf(plain[at], mergeKey) === identityOf(element, mergeKey)) at++;
  }
  if (at < plain.length) {
    throw badRequest(`The order in patch list:\n${goPrint(patched)}\n doesn't match $setElementOrder list:\n${goPrint(wanted)}\n`);
  }
}

function mergeMember(result: Map<string, unknown>, key: string, value: unknown, type: PatchType, purpose: Purpose): void {
  const removal = isRemoval(key);
  if (removal && purpose === 'combine') {
    result.set(key, value);
    return;
  }
  const name = removal ? listedField(key) : key;
  if (name === undefined) throw badRequest('invalid patch format of primitive list');
  if (value === null) result.delete(name);
  if (value === null && purpose === 'apply') return;
  const original = result.get(name);
  const field = patchField(type, name);
  if (Array.isArray(original) && Array.isArray(value)) result.set(name, mergeListField(original, value, field, purpose, removal));
  else if (isObject(original) && isObject(value)) result.set(name, mergeObjectField(original, value, field, purpose));
  else if (!removal) setAside(result, name, value, purpose);
}

/** A value where there is nothing to merge it into. One that is a directive only is none. */
function setAside(result: Map<string, unknown>, name: string, value: unknown, purpose: Purpose): void {
  const kept = withoutDirectives(purpose === 'apply' ? withoutNulls(value) : value);
  if (kept === undefined) result.delete(name);
  else result.set(name, kept);
}

function mergeObjectField(original: JsonObject, patch: JsonObject, { type, strategy }: PatchField, purpose: Purpose): JsonObject {
  return strategy === 'replace' ? patch : mergeObjects(original, patch, type, purpose);
}

function mergeListField(
  original: readonly unknown[],
  patch: readonly unknown[],
  field: PatchField,
  purpose: Purpose,
  removal: boolean,
): readonly unknown[] {
  const isEmpty = original.length === 0 && patch.length === 0;
  if (removal && (isEmpty || !holdsMaps(original, patch))) {
    const removed = new Set(patch);
    return original.filter((element) => !removed.has(element));
  }
  return field.strategy === 'merge' || removal ? mergeLists(original, patch, field, purpose) : patch;
}

function mergeLists(original: readonly unknown[], patch: readonly unknown[], field: PatchField, purpose: Purpose): readonly unknown[] {
  if (original.length === 0 && patch.length === 0) return original;
  if (!holdsMaps(original, patch)) return arranged([...new Set([...original, ...patch])], patch, original, field.mergeKey);
  if (field.mergeKey === '') throw badRequest('cannot merge lists without merge key for struct');
  return mergeElements(original as JsonObject[], patch as JsonObject[], field, purpose);
}

function mergeElements(
  original: readonly JsonObject[],
  patch: readonly JsonObject[],
  { mergeKey, type }: PatchField,
  purpose: Purpose,
): readonly unknown[] {
  const plain = patch.filter((element) => !hasDirective(element));
  for (const element of patch) if (hasDirective(element)) checkSpecial(element, mergeKey);
  if (patch.some((element) => element[directive] === 'replace')) return arranged(plain, [], plain, mergeKey);
  const removed = new Set(patch.filter(deletes).map((element) => element[mergeKey]));
  const result = original.filter((element) => !Object.hasOwn(element, mergeKey) || !removed.has(element[mergeKey]));
  const before = [...result];
  const places = new Map(result.map((element, at) => [element[mergeKey], at] as const).reverse());
  for (const element of plain) {
    const key = identityOf(element, mergeKey);
    const at = places.get(key) ?? result.length;
    const old = result[at];
    result[at] = old ? mergeObjects(old, element, type, purpose) : element;
    places.set(key, at);
  }
  return arranged(result, plain, before, mergeKey);
}

function checkSpecial(element: JsonObject, mergeKey: string): void {
  const what = element[directive];
  if (what === 'merge') throw badRequest('merging lists cannot yet be specified in the patch');
  if (what !== 'delete' && what !== 'replace') throw unknownDirective(element);
  if (what === 'delete' && !Object.hasOwn(element, mergeKey)) throw noMergeKey(element, mergeKey);
}

/** Nulls of maps have done their work where there is nothing to delete. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isObject(value)) return value;
  const kept = Object.entries(value).filter(([, inner]) => inner !== null);
  return Object.fromEntries(kept.map(([key, inner]) => [key, withoutNulls(inner)]));
}

/** Undefined for a map that is a directive. */
function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDirectives).filter((inner) => inner !== undefined);
  if (!isObject(value)) return value;
  if (hasDirective(value)) return undefined;
  const entries = Object.entries(value).map(([key, inner]) => [key, withoutDirectives(inner)] as const);
  return Object.fromEntries(entries.filter(([, inner]) => inner !== undefined));
}
