import type { PatchType } from '@keelson/client';
import {
  applyMergePatch,
  applyStrategicMergePatch,
  changesIdentity,
  createThreeWayMergePatch,
  createThreeWayStrategicPatch,
  goJson,
  inOrder,
  type JsonObject,
  type PatchSchemas,
} from '@keelson/machinery';
import type { AnyObject } from '../types.ts';

/** Where client-side apply remembers what it applied. */
export const lastAppliedAnnotation = 'kubectl.kubernetes.io/last-applied-configuration';

/** What a strategic merge knows of the object's type; absent for kinds nobody has a schema for. */
export interface TypeSchema {
  readonly schemas: PatchSchemas;
  readonly typeName: string;
}

export interface ApplyPlan {
  readonly type: PatchType;
  readonly patch: JsonObject;
  /** False when there is nothing to do. */
  readonly changed: boolean;
}

/** The manifest with itself in its annotation, as it is created and as patches are made from. */
export function withLastApplied(manifest: AnyObject): AnyObject {
  return withConfiguration(withoutLastApplied(manifest));
}

/** As `withLastApplied`, of an object that no manifest holds: where it has no annotations it is remembered without any. */
export function withOwnConfiguration(made: AnyObject, order?: (object: AnyObject) => AnyObject): AnyObject {
  return withConfiguration(made.metadata.annotations ? withoutLastApplied(made) : made, order);
}

function withConfiguration(bare: AnyObject, order: (object: AnyObject) => unknown = inOrder): AnyObject {
  const annotations = { ...bare.metadata.annotations, [lastAppliedAnnotation]: `${goJson(order(bare))}\n` };
  return { ...bare, metadata: { ...bare.metadata, annotations } };
}

/** The manifest as it is remembered: with annotations, be they none, but not that of what was applied last. */
function withoutLastApplied(manifest: AnyObject): AnyObject {
  const { [lastAppliedAnnotation]: _, ...annotations } = manifest.metadata.annotations ?? {};
  return { ...manifest, metadata: { ...manifest.metadata, annotations } };
}

/** What was applied last; undefined when the object was not made by apply. */
export function lastAppliedOf(current: AnyObject): JsonObject | undefined {
  const text = current.metadata.annotations?.[lastAppliedAnnotation];
  return text ? (JSON.parse(text) as JsonObject) : undefined;
}

/**
 * The patch that brings a live object to its manifest: what the manifest says is set, what the last one said and this one does not is
 * removed, what others wrote stays.
 * @param overwrite whether it may change what others changed since then.
 * @throws Error when the patch would make the object another one, or when it may not overwrite and would have to.
 */
export function planApply(current: AnyObject, manifest: AnyObject, schema?: TypeSchema, overwrite = true): ApplyPlan {
  return planTo(current, withLastApplied(manifest), schema, overwrite);
}

/** What the object would be; the server would fill in, and refuse, more. */
export function applied(current: AnyObject, { patch }: ApplyPlan, schema?: TypeSchema): AnyObject {
  if (!schema) return applyMergePatch(current, patch) as AnyObject;
  return applyStrategicMergePatch(current as JsonObject, patch, schema.schemas, schema.typeName) as AnyObject;
}

/** As `planApply`, but what was applied last stays on record: a diff shows what would change, not that. */
export function planChange(current: AnyObject, manifest: AnyObject, schema?: TypeSchema): ApplyPlan {
  return planTo(current, withoutLastApplied(manifest), schema, true);
}

function planTo(current: AnyObject, wanted: AnyObject, schema: TypeSchema | undefined, overwrite: boolean): ApplyPlan {
  const original = lastAppliedOf(current) ?? {};
  const modified = JSON.parse(JSON.stringify(wanted)) as JsonObject;
  const patch = schema
    ? createThreeWayStrategicPatch({ original, modified, current }, schema.schemas, schema.typeName, overwrite)
    : createThreeWayMergePatch({ original, modified, current });
  if (changesIdentity(patch)) throw new Error('precondition failed: apiVersion, kind and metadata.name may not change');
  const type = schema ? 'application/strategic-merge-patch+json' : 'application/merge-patch+json';
  return { type, patch, changed: Object.keys(patch).length > 0 };
}
