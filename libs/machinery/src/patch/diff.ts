import { compareStrings, goPrint } from '../go-text.ts';
import { deleteFromList, directive, elementOrder, retainKeys } from './directives.ts';
import { isObject, type JsonObject } from './json-object.ts';
import { holdsMaps, identityOf } from './lists.ts';
import { sameJson } from './same.ts';
import { type PatchField, type PatchSchemas, type PatchType, patchField, patchType } from './schema.ts';

/** What of a difference is wanted. */
export interface Wanted {
  /** Fields that are new or have another value. */
  readonly changes: boolean;
  /** Fields that are gone. */
  readonly deletions: boolean;
  /** Whether lists say in which order their elements are to be. */
  readonly order: boolean;
}

const all: Wanted = { changes: true, deletions: true, order: true };

/** The strategic merge patch that makes `modified` of `original`. @throws StatusError where elements of lists cannot be told apart. */
export function createStrategicPatch(original: JsonObject, modified: JsonObject, schemas: PatchSchemas, typeName: string): JsonObject {
  return diffObjects(original, modified, patchType(schemas, typeName), all);
}

/** As `createStrategicPatch`, or the part of it that is wanted. `retain` names the fields that are to stay, where anything changes. */
export function diffObjects(from: JsonObject, to: JsonObject, type: PatchType, wanted: Wanted, retain = false): JsonObject {
  const patch = new Map<string, unknown>();
  for (const [name, value] of Object.entries(to)) {
    const changes = Object.hasOwn(from, name)
      ? diffField(name, from[name], value, patchField(type, name), wanted)
      : [[name, value] as const];
    if (Object.hasOwn(from, name) || wanted.changes) for (const [key, change] of changes) patch.set(key, change);
  }
  const gone = Object.keys(from).filter((name) => !Object.hasOwn(to, name));
  if (wanted.deletions) for (const name of gone) patch.set(name, null);
  const kept = Object.keys(to).filter((name) => to[name] !== null);
  const differs = patch.size > 0 || gone.some((name) => from[name] !== null);
  if (retain && kept.length > 0 && differs) patch.set(retainKeys, kept.sort(compareStrings));
  return Object.fromEntries(patch);
}

type Changes = readonly (readonly [string, unknown])[];

function diffField(name: string, from: unknown, to: unknown, field: PatchField, wanted: Wanted): Changes {
  if (isObject(from) && isObject(to)) {
    if (field.strategy === 'replace') return wanted.changes ? [[name, to]] : [];
    const patch = diffObjects(from, to, field.type, wanted, field.retainKeys);
    return Object.keys(patch).length > 0 ? [[name, patch]] : [];
  }
  if (Array.isArray(from) && Array.isArray(to) && field.strategy === 'merge') return diffLists(name, from, to, field, wanted);
  return !wanted.changes || sameJson(from, to) ? [] : [[name, to]];
}

function diffLists(name: string, from: readonly unknown[], to: readonly unknown[], field: PatchField, wanted: Wanted): Changes {
  if (from.length === 0) return to.length > 0 && wanted.changes ? [[name, to]] : [];
  return holdsMaps(from, to)
    ? diffElements(name, from as JsonObject[], to as JsonObject[], field, wanted)
    : diffScalars(name, from, to, wanted);
}

function diffScalars(name: string, from: readonly unknown[], to: readonly unknown[], wanted: Wanted): Changes {
  const added = wanted.changes ? without(to, from).sort((a, b) => to.indexOf(a) - to.indexOf(b)) : [];
  const removed = wanted.deletions ? [...new Set(without(from, to))].sort(asText) : [];
  // Upstream compares with the sorted list: one that is in no order is ordered even where nothing else changes.
  const differs = !sameJson(from.toSorted(asText), to);
  const ordered = wanted.order && to.length > 0 && (removed.length > 0 || (wanted.changes && differs));
  return [
    ...(added.length > 0 ? [[name, added] as const] : []),
    ...(removed.length > 0 ? [[deleteFromList + name, removed] as const] : []),
    ...(ordered ? [[elementOrder + name, to] as const] : []),
  ];
}

/** Each element of `taken` takes one of its like away. */
function without(list: readonly unknown[], taken: readonly unknown[]): unknown[] {
  const left = [...taken];
  return list.filter((element) => {
    const at = left.indexOf(element);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

function asText(a: unknown, b: unknown): number {
  return compareStrings(goPrint(a), goPrint(b));
}

function diffElements(
  name: string,
  from: readonly JsonObject[],
  to: readonly JsonObject[],
  { mergeKey, type, retainKeys: retain }: PatchField,
  wanted: Wanted,
): Changes {
  const [old, now] = [byKey(from, mergeKey), byKey(to, mergeKey)];
  const changed = [...now].flatMap(([key, same]) =>
    same.flatMap((element, i) => {
      const before = old.get(key)?.[i];
      if (!before) return wanted.changes ? [element] : [];
      const patch = diffObjects(before, element, type, wanted, retain);
      return Object.keys(patch).length > 0 ? [{ ...patch, [mergeKey]: key }] : [];
    }),
  );
  const surplus = [...old].flatMap(([key, same]) => same.slice(now.get(key)?.length ?? 0).map(() => key));
  const gone = wanted.deletions ? surplus.sort(asText) : [];
  const elements = [...changed, ...gone.map((key) => ({ [mergeKey]: key, [directive]: 'delete' }))];
  const keys = to.map((element) => element[mergeKey]);
  const moved = from.length !== to.length || from.some((element, i) => element[mergeKey] !== keys[i]);
  const ordered = wanted.order && keys.length > 0 && (elements.length > 0 || (wanted.changes && moved));
  return [
    ...(elements.length > 0 ? [[name, elements] as const] : []),
    ...(ordered ? [[elementOrder + name, keys.map((key) => ({ [mergeKey]: key }))] as const] : []),
  ];
}

/** Elements by their keys. Where several have one, as ports of two protocols do, upstream takes the last first. */
function byKey(list: readonly JsonObject[], mergeKey: string): Map<unknown, JsonObject[]> {
  const found = new Map<unknown, JsonObject[]>();
  for (const element of list) {
    const key = identityOf(element, mergeKey);
    found.set(key, [element, ...(found.get(key) ?? [])]);
  }
  return found;
}
