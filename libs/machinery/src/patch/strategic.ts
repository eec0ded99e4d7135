import { goJson } from '../go-text.ts';
import { badRequest, unprocessable } from '../status.ts';
import { arrange, sameElement } from './arrange.ts';
import { isObject, type JsonObject } from './merge.ts';
import { type PatchField, type PatchSchemas, type PatchType, patchField, patchType } from './schema.ts';

export const directive = '$patch';
export const retainKeys = '$retainKeys';
export const deleteFromList = '$deleteFromPrimitiveList/';
export const elementOrder = '$setElementOrder/';

/** As `applyStrategicMergePatch`, to an object that Go holds: lists that a patch leaves without an element go. */
export function patchTyped(current: JsonObject, patch: JsonObject, schemas: PatchSchemas, typeName: string): JsonObject {
  return mergeObjects(current, patch, { ...patchType(schemas, typeName), omitsEmpty: true });
}

/**
 * Applies a strategic merge patch to an object of the named type. Neither argument changes. Where the schema knows nothing, objects
 * merge and lists are replaced.
 * @throws StatusError BadRequest for directives that make no sense, Invalid (422) where elements cannot be matched.
 */
export function applyStrategicMergePatch(current: JsonObject, patch: JsonObject, schemas: PatchSchemas, typeName: string): JsonObject {
  return mergeObjects(current, patch, patchType(schemas, typeName));
}

function mergeObjects(original: JsonObject, patch: JsonObject, type: PatchType): JsonObject {
  if (directive in patch) return wholeObject(patch);
  const result = new Map(Object.entries(retained(original, patch)));
  for (const name of fieldsOf(patch)) {
    const value = mergeField(result.get(name), patch, name, patchField(type, name));
    if (value === undefined || value === null) result.delete(name);
    else result.set(name, value);
  }
  return Object.fromEntries(result);
}

/** `$patch: replace` takes the patch as it is, `delete` leaves nothing. */
function wholeObject(patch: JsonObject): JsonObject {
  const { [directive]: what, ...rest } = patch;
  if (what === 'replace') return rest;
  if (what === 'delete') return {};
  throw badRequest(`unknown patch type: ${what} in map: ${goJson(patch)}`);
}

function retained(original: JsonObject, patch: JsonObject): JsonObject {
  const keys = patch[retainKeys];
  if (keys === undefined) return original;
  const kept = new Set(list(keys, 'invalid patch format of retainKeys'));
  const known = (key: string): boolean => kept.has(key) || isParallelList(key);
  const strange = Object.entries(patch).some(([key, value]) => value !== null && key !== retainKeys && !known(key));
  if (strange) throw badRequest('invalid patch format of retainKeys');
  return Object.fromEntries(Object.entries(original).filter(([key]) => kept.has(key)));
}

function list(value: unknown, problem: string): readonly unknown[] {
  if (!Array.isArray(value)) throw badRequest(problem);
  return value;
}

/** Names of the fields a patch speaks of, directly or through parallel lists. */
function fieldsOf(patch: JsonObject): Set<string> {
  const names = Object.keys(patch).filter((key) => key !== retainKeys);
  return new Set(names.map((key) => (isParallelList(key) ? key.slice(key.indexOf('/') + 1) : key)));
}

function isParallelList(key: string): boolean {
  return key.startsWith(deleteFromList) || key.startsWith(elementOrder);
}

function mergeField(original: unknown, patch: JsonObject, name: string, field: PatchField): unknown {
  const order = patch[elementOrder + name];
  const removed = patch[deleteFromList + name];
  let value = name in patch ? mergeValue(original, patch[name], field) : original;
  if (order !== undefined && value !== undefined && value !== null) {
    const wanted = list(order, 'invalid patch format of setElementOrder list');
    const elements = list(value, 'invalid patch format of setElementOrder list');
    checkOrder(patch[name], wanted, field.mergeKey);
    value = arrange(elements, wanted, Array.isArray(original) ? original : [], field.mergeKey);
  }
  if (removed !== undefined && Array.isArray(value)) {
    const gone = new Set(list(removed, 'invalid patch format of primitive list'));
    value = value.filter((element) => !gone.has(element));
  }
  return field.type.omitsEmpty && Array.isArray(value) && value.length === 0 ? undefined : value;
}

/** The patch's own elements must stand in the order it asks for, none missing from it. */
function checkOrder(patched: unknown, wanted: readonly unknown[], mergeKey: string): void {
  if (!Array.isArray(patched) || wanted.length === 0) return;
  const plain = patched.filter((element) => !isObject(element) || !(directive in element));
  let at = 0;
  for (const element of wanted) if (at < plain.length && sameElement(plain[at], element, mergeKey)) at++;
  if (at < plain.length) {
    throw badRequest(`The order in patch list:\n${goJson(patched)}\n doesn't match $setElementOrder list:\n${goJson(wanted)}\n`);
  }
}

function mergeValue(original: unknown, value: unknown, field: PatchField): unknown {
  if (isObject(original) && isObject(value)) {
    return field.strategy === 'replace' ? withoutDirectives(value) : mergeObjects(original, value, field.type);
  }
  if (Array.isArray(original) && Array.isArray(value)) return field.strategy === 'merge' ? mergeLists(original, value, field) : value;
  return withoutDirectives(value);
}

function mergeLists(original: readonly unknown[], patch: readonly unknown[], { mergeKey, type }: PatchField): unknown[] {
  const both = [...original, ...patch];
  if (both.some(Array.isArray)) throw unprocessable(new Error('lists of lists are not supported'));
  if (!both.some(isObject)) return arrange([...new Set(both)], patch, original, '');
  if (!both.every(isObject)) throw unprocessable(new Error(`list element types are not identical: ${goJson(both)}`));
  if (mergeKey === '') throw unprocessable(new Error('cannot merge lists without merge key for type struct'));
  return mergeElements(original as JsonObject[], patch as JsonObject[], mergeKey, type);
}

function mergeElements(original: readonly JsonObject[], patch: readonly JsonObject[], mergeKey: string, type: PatchType): unknown[] {
  const plain = patch.filter((element) => !(directive in element));
  const special = patch.filter((element) => directive in element);
  for (const element of special) checkSpecial(element, mergeKey);
  if (special.some((element) => element[directive] === 'replace')) return plain;
  const removed = new Set(special.map((element) => element[mergeKey]));
  const result = original.filter((element) => !removed.has(element[mergeKey]));
  const before = [...result];
  const places = new Map(result.map((element, at) => [element[mergeKey], at] as const).reverse());
  for (const element of plain) {
    const key = keyOf(element, mergeKey);
    const at = places.get(key) ?? result.length;
    const old = result[at];
    result[at] = old ? mergeObjects(old, element, type) : (withoutDirectives(element) as JsonObject);
    places.set(key, at);
  }
  for (const element of result) keyOf(element, mergeKey);
  return arrange(result, plain, before, mergeKey);
}

function checkSpecial(element: JsonObject, mergeKey: string): void {
  const what = element[directive];
  if (what === 'delete') keyOf(element, mergeKey);
  else if (what === 'merge') throw badRequest('merging lists cannot yet be specified in the patch');
  else if (what !== 'replace') throw badRequest(`unknown patch type: ${what} in map: ${goJson(element)}`);
}

function keyOf(element: JsonObject, mergeKey: string): unknown {
  if (!(mergeKey in element)) throw unprocessable(new Error(`map: ${goJson(element)} does not contain declared merge key: ${mergeKey}`));
  return element[mergeKey];
}

/** A patch's value where there is nothing to merge it into: nulls and directives have done their work. */
function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter((element) => !isObject(element) || !(directive in element)).map(withoutDirectives);
  if (!isObject(value)) return value;
  if (value[directive] === 'delete') return {};
  const kept = Object.entries(value).filter(([key, inner]) => inner !== null && !isDirective(key));
  return Object.fromEntries(kept.map(([key, inner]) => [key, withoutDirectives(inner)]));
}

function isDirective(key: string): boolean {
  return key === directive || key === retainKeys || isParallelList(key);
}
