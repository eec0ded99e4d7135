import { createMergePatch, createStrategicPatch, type JsonObject } from '@keelson/machinery';
import type { AnyObject } from '../types.ts';
import { schemaOf } from './schema.ts';

/** The patch that makes `after` of `before`: strategic for built-in kinds, which is how others' changes survive it. */
export async function patchFor(before: AnyObject, after: AnyObject) {
  const schema = await schemaOf(before.apiVersion ?? '', before.kind ?? '');
  if (!schema) return { type: 'application/merge-patch+json' as const, patch: createMergePatch(before, after as JsonObject) };
  return {
    type: 'application/strategic-merge-patch+json' as const,
    patch: createStrategicPatch(before, after as JsonObject, schema.schemas, schema.typeName),
  };
}
