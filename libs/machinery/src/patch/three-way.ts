import { toYaml } from '../yaml-emit.ts';
import { conflicts } from './conflicts.ts';
import { diffObjects } from './diff.ts';
import { isObject, type JsonObject } from './json-object.ts';
import { createMergePatch } from './merge.ts';
import { type PatchSchemas, patchType } from './schema.ts';
import { mergeObjects } from './strategic.ts';

/** The three sides of a client-side apply. */
export interface ThreeWay {
  /** What was applied last. */
  readonly original: JsonObject;
  /** What is to be applied. */
  readonly modified: JsonObject;
  /** What is there. */
  readonly current: JsonObject;
}

/** Two changes of the same fields that do not agree. */
export class PatchConflict extends Error {
  constructor(patch: JsonObject, changed: JsonObject) {
    super(`patch:\n${toYaml(patch)}\nconflicts with changes made from original to current:\n${toYaml(changed)}\n`);
  }
}

/**
 * The strategic merge patch of client-side apply: sets what `modified` has and `current` has not, and deletes what `original` had and
 * `modified` has no more. What others added to `current` stays. `{}` when there is nothing to do.
 * @param overwrite whether fields that others changed since `original` may be changed, too.
 * @throws PatchConflict for such fields; StatusError where elements of lists cannot be told apart.
 */
export function createThreeWayStrategicPatch(
  { original, modified, current }: ThreeWay,
  schemas: PatchSchemas,
  typeName: string,
  overwrite = true,
): JsonObject {
  const type = patchType(schemas, typeName);
  const delta = diffObjects(current, modified, type, { changes: true, deletions: false, order: true });
  const deletions = diffObjects(original, modified, type, { changes: false, deletions: true, order: true });
  const patch = mergeObjects(deletions, delta, type, 'combine');
  if (overwrite) return patch;
  const changed = diffObjects(original, current, type, { changes: true, deletions: true, order: false });
  if (conflicts(patch, changed, type)) throw new PatchConflict(patch, changed);
  return patch;
}

/** As `createThreeWayStrategicPatch`, as an RFC 7386 merge patch: for kinds without a schema. */
export function createThreeWayMergePatch({ original, modified, current }: ThreeWay): JsonObject {
  const additions = withoutNulls(createMergePatch(current, modified));
  const deletions = onlyNulls(createMergePatch(original, modified));
  return joined(deletions, additions);
}

/** An empty object is a value; one that is left empty is none. */
function withoutNulls(patch: JsonObject): JsonObject {
  return filtered(patch, (value) => value !== null);
}

function onlyNulls(patch: JsonObject): JsonObject {
  return filtered(patch, (value) => value === null);
}

function filtered(patch: JsonObject, keeps: (leaf: unknown) => boolean): JsonObject {
  const entries = Object.entries(patch).map(([name, value]): [string, unknown] => {
    if (!isObject(value) || Object.keys(value).length === 0) return [name, keeps(value) ? value : undefined];
    const inner = filtered(value, keeps);
    return [name, Object.keys(inner).length > 0 ? inner : undefined];
  });
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

/** Both patches in one. */
function joined(a: JsonObject, b: JsonObject): JsonObject {
  const shared = Object.entries(b).map(([name, value]) => {
    const other = a[name];
    return [name, isObject(other) && isObject(value) ? joined(other, value) : value] as const;
  });
  return { ...a, ...Object.fromEntries(shared) };
}

/** True when a patch would make the object another one: kubectl refuses such patches. */
export function changesIdentity(patch: JsonObject): boolean {
  return 'apiVersion' in patch || 'kind' in patch || (isObject(patch.metadata) && 'name' in patch.metadata);
}
