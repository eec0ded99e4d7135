import { applyJsonPatch, applyMergePatch, applyStrategicMergePatch, type JsonObject, type JsonPatchOperation } from '@keelson/machinery';
import { schemaOf } from '../apply/schema.ts';
import type { FlagSpecs, FlagValues } from '../flags.ts';
import type { AnyObject } from '../types.ts';

/** Flags of what makes an object and lets the user have the last word on it. */
export const overrideFlags = {
  'override-type': {
    type: 'string',
    default: 'merge',
    help: 'The method used to override the generated object: json, merge, or strategic.',
  },
  overrides: { type: 'string', help: 'An inline JSON override for the generated object.' },
} as const satisfies FlagSpecs;

function readPatch(text: string): object {
  try {
    return JSON.parse(text) as object;
  } catch {
    throw new Error('Invalid JSON Patch');
  }
}

/** The object with what `--overrides` says instead. @throws Error for an override that is no JSON, or a type that is none. */
export async function overridden(made: AnyObject, flags: FlagValues<typeof overrideFlags>): Promise<AnyObject> {
  const { overrides, 'override-type': type } = flags;
  if (overrides === '') return made;
  const patch = readPatch(overrides);
  if (type === 'merge') return applyMergePatch(made, patch) as AnyObject;
  if (type === 'json') return applyJsonPatch(made, patch as JsonPatchOperation[]) as AnyObject;
  const schema = type === 'strategic' ? await schemaOf(made.apiVersion ?? '', made.kind ?? '') : undefined;
  if (!schema) throw new Error(`invalid override type: ${type}`);
  return applyStrategicMergePatch(made as JsonObject, patch as JsonObject, schema.schemas, schema.typeName) as AnyObject;
}
