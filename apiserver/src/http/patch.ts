import {
  applyJsonPatch,
  applyMergePatch,
  applyStrategicMergePatch,
  badRequest,
  type JsonPatchOperation,
  unsupportedMediaType,
} from '@keelson/machinery';
import type { KindStore } from '../registry/kind-store.ts';
import type { Decoder } from './decode.ts';

export const patchTypes = ['application/json-patch+json', 'application/merge-patch+json', 'application/strategic-merge-patch+json'];

/** A patch as a function of the present object. Applied again when somebody else wrote in between. */
export type Patch = (current: object) => unknown;

/** @throws StatusError UnsupportedMediaType for another type, BadRequest for a body that is no patch. */
export function preparePatch(decoder: Decoder, store: KindStore, type: string, body: Buffer): Patch {
  if (!patchTypes.includes(type)) throw unsupportedMediaType(patchTypes);
  const patch = parse(body);
  if (type === 'application/json-patch+json') {
    if (!Array.isArray(patch)) throw badRequest('json: cannot unmarshal object into Go value of type jsonpatch.Patch');
    return (current) => applyJsonPatch(current, patch as JsonPatchOperation[]);
  }
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch))
    throw badRequest('json: cannot unmarshal array into Go value of type map[string]interface {}');
  if (type === 'application/merge-patch+json') return (current) => applyMergePatch(current, patch);
  const { typeName } = store.kind;
  return (current) =>
    applyStrategicMergePatch(current as Record<string, unknown>, patch as Record<string, unknown>, decoder.schemas, typeName);
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch (error) {
    throw badRequest(`error decoding patch: ${(error as Error).message}`);
  }
}
