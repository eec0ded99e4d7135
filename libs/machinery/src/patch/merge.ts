import { isObject, type JsonObject } from './json-object.ts';
import { sameJson } from './same.ts';

/** Applies an RFC 7386 merge patch: objects merge, null deletes, all else replaces. Neither argument changes. */
export function applyMergePatch(document: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return isObject(document) ? patch : withoutNulls(patch);
  const result = new Map(Object.entries(isObject(document) ? document : {}));
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) result.delete(key);
    else result.set(key, applyMergePatch(result.get(key), value));
  }
  return Object.fromEntries(result);
}

/** Upstream takes nulls out of objects in lists, too, unless the list takes an object's place. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  return isObject(value) ? applyMergePatch({}, value) : value;
}

/** The RFC 7386 merge patch that makes `modified` of `original`. */
export function createMergePatch(original: JsonObject, modified: JsonObject): JsonObject {
  const patch = new Map<string, unknown>();
  for (const [name, value] of Object.entries(modified)) {
    const before = original[name];
    if (!Object.hasOwn(original, name)) patch.set(name, value);
    else if (isObject(before) && isObject(value)) {
      const inner = createMergePatch(before, value);
      if (Object.keys(inner).length > 0) patch.set(name, inner);
    } else if (!sameJson(before, value)) patch.set(name, value);
  }
  for (const name of Object.keys(original)) if (!Object.hasOwn(modified, name)) patch.set(name, null);
  return Object.fromEntries(patch);
}
