import { compareStrings } from '../go-text.ts';
import { isObject, type JsonObject } from './merge.ts';
import { sameJson } from './same.ts';
import { type PatchField, type PatchSchemas, type PatchType, patchField, patchType, untyped } from './schema.ts';
import { deleteFromList, directive, elementOrder, retainKeys } from './strategic.ts';

/**
 * The strategic merge patch of client-side apply: sets what `modified` has and `current` has not, and deletes what `original` (the last
 * applied configuration) had and `modified` has no more. What others added to `current` stays. `{}` when there is nothing to do.
 */
export function createThreeWayStrategicPatch(
  original: JsonObject,
  modified: JsonObject,
  current: JsonObject,
  schemas: PatchSchemas,
  typeName: string,
): JsonObject {
  return diffObjects(current, modified, original, patchType(schemas, typeName), false);
}

/** The strategic merge patch that makes `modified` of `original`. */
export function createStrategicPatch(original: JsonObject, modified: JsonObject, schemas: PatchSchemas, typeName: string): JsonObject {
  return diffObjects(original, modified, original, patchType(schemas, typeName), false);
}

/** As `createThreeWayStrategicPatch`, as an RFC 7386 merge patch: for kinds without a schema. */
export function createThreeWayMergePatch(original: JsonObject, modified: JsonObject, current: JsonObject): JsonObject {
  return diffObjects(current, modified, original, untyped, false);
}

/** The RFC 7386 merge patch that makes `modified` of `original`. */
export function createMergePatch(original: JsonObject, modified: JsonObject): JsonObject {
  return diffObjects(original, modified, original, untyped, false);
}

/** True when a patch would make the object another one: kubectl refuses such patches. */
export function changesIdentity(patch: JsonObject): boolean {
  return 'apiVersion' in patch || 'kind' in patch || (isObject(patch.metadata) && 'name' in patch.metadata);
}

/** Additions and changes are taken against `from`, deletions against `last`; with both the same it is the plain difference. */
function diffObjects(from: JsonObject, to: JsonObject, last: JsonObject, type: PatchType, retain: boolean): JsonObject {
  const patch = new Map<string, unknown>();
  for (const [name, value] of Object.entries(to)) {
    for (const [key, change] of diffField(name, from[name], value, last[name], patchField(type, name))) patch.set(key, change);
  }
  for (const name of Object.keys(last)) if (!Object.hasOwn(to, name)) patch.set(name, null);
  const extra = Object.entries(from).some(([name, value]) => value !== null && !Object.hasOwn(to, name));
  const kept = Object.keys(to).filter((name) => to[name] !== null);
  if (retain && kept.length > 0 && (patch.size > 0 || extra)) patch.set(retainKeys, kept.sort(compareStrings));
  return Object.fromEntries(patch);
}

type Changes = readonly (readonly [string, unknown])[];

function diffField(name: string, from: unknown, to: unknown, last: unknown, field: PatchField): Changes {
  if (isObject(from) && isObject(to) && field.strategy !== 'replace') {
    const patch = diffObjects(from, to, isObject(last) ? last : {}, field.type, field.retainKeys);
    return Object.keys(patch).length > 0 ? [[name, patch]] : [];
  }
  if (Array.isArray(from) && Array.isArray(to) && field.strategy === 'merge') {
    return diffLists(name, from, to, Array.isArray(last) ? last : [], field);
  }
  return from !== undefined && sameJson(from, to) ? [] : [[name, to]];
}

function diffLists(name: string, from: readonly unknown[], to: readonly unknown[], last: readonly unknown[], field: PatchField): Changes {
  if (from.length === 0) return to.length > 0 ? [[name, to]] : [];
  if (field.mergeKey !== '' && [...from, ...to, ...last].every(isObject)) {
    return diffElements(name, from as JsonObject[], to as JsonObject[], last as JsonObject[], field);
  }
  const added = to.filter((element) => !from.includes(element));
  const removed = [...new Set(last.filter((element) => !to.includes(element)))];
  const changes: (readonly [string, unknown])[] = [];
  if (added.length > 0) changes.push([name, added]);
  if (removed.length > 0) changes.push([deleteFromList + name, removed]);
  if (removed.length > 0 || !sameJson(from, to)) changes.push([elementOrder + name, to]);
  return changes;
}

function diffElements(
  name: string,
  from: readonly JsonObject[],
  to: readonly JsonObject[],
  last: readonly JsonObject[],
  { mergeKey, type, retainKeys: retain }: PatchField,
): Changes {
  const find = (list: readonly JsonObject[], key: unknown): JsonObject | undefined => list.find((element) => element[mergeKey] === key);
  const changed = to.flatMap((element) => {
    const key = element[mergeKey];
    const old = find(from, key);
    if (!old) return [element];
    const patch = diffObjects(old, element, find(last, key) ?? {}, type, retain);
    return Object.keys(patch).length > 0 ? [{ ...patch, [mergeKey]: key }] : [];
  });
  const removed = last.filter((element) => !find(to, element[mergeKey]));
  const elements = [...changed, ...removed.map((element) => ({ [directive]: 'delete', [mergeKey]: element[mergeKey] }))];
  const keys = to.map((element) => element[mergeKey]);
  const moved = from.length !== to.length || from.some((element, i) => element[mergeKey] !== keys[i]);
  return [
    ...(elements.length > 0 ? [[name, elements] as const] : []),
    ...(elements.length > 0 || moved ? [[elementOrder + name, keys.map((key) => ({ [mergeKey]: key }))] as const] : []),
  ];
}
