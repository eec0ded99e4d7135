import {
  applyJsonPatch,
  applyMergePatch,
  applyStrategicMergePatch,
  badRequest,
  compareStrings,
  fieldInvalid,
  goJson,
  invalid,
  type JsonPatchOperation,
  unprocessable,
  unsupportedMediaType,
} from '@keelson/machinery';
import type { Kind } from '@keelson/types';
import type { KindStore } from '../registry/kind-store.ts';
import { DecodeError, type DecodeResult, type Decoder, type FieldValidation } from './decode.ts';

export const patchTypes = ['application/json-patch+json', 'application/merge-patch+json', 'application/strategic-merge-patch+json'];

/** A patch as a function of the present object. Applied again when somebody else wrote in between. */
export interface Patch {
  apply(current: object): unknown;
  /** What a decoding error shows of it: upstream prints the patched object, or for a strategic merge the patch itself. */
  shown(patched: unknown): string;
}

/** @throws StatusError UnsupportedMediaType for another type, BadRequest for a body that is no patch. */
export function preparePatch(decoder: Decoder, store: Pick<KindStore, 'kind'>, type: string, body: Buffer): Patch {
  if (!patchTypes.includes(type)) throw unsupportedMediaType(patchTypes);
  const patch = parse(body);
  if (type === 'application/json-patch+json') {
    if (!Array.isArray(patch)) throw wrongType(patch, 'jsonpatch.Patch');
    if (patch.some(movesIntoItself)) throw unprocessable(new Error('cannot move a value into itself'));
    return { apply: (current) => applyJsonPatch(current, patch as JsonPatchOperation[]), shown: goJson };
  }
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) throw wrongType(patch, 'map[string]interface {}');
  if (type === 'application/merge-patch+json') return { apply: (current) => applyMergePatch(current, patch), shown: goJson };
  const { typeName } = store.kind;
  return {
    apply: (current) =>
      applyStrategicMergePatch(current as Record<string, unknown>, patch as Record<string, unknown>, decoder.schemas, typeName),
    shown: () => goMap(patch),
  };
}

function movesIntoItself(operation: JsonPatchOperation | null): boolean {
  return operation?.op === 'move' && String(operation.path).startsWith(`${operation.from}/`);
}

function wrongType(patch: unknown, wanted: string): Error {
  const found = Array.isArray(patch) ? 'array' : patch === null ? 'null' : typeof patch;
  return badRequest(`error decoding patch: json: cannot unmarshal ${found === 'boolean' ? 'bool' : found} into Go value of type ${wanted}`);
}

/** The patched object in its kind's shape. @throws StatusError Invalid (`patch: Invalid value: …`) when it does not have it. */
export function decodePatched(
  decoder: Decoder,
  kind: Pick<Kind, 'kind' | 'apiVersion' | 'typeName'>,
  patch: Patch,
  current: object,
  mode: FieldValidation,
): DecodeResult {
  const patched = patch.apply(current);
  try {
    return decoder.decode(kind, patched, [], mode);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw invalid({ group: '', kind: '' }, '', [fieldInvalid('patch', patch.shown(patched), error.why)]);
  }
}

/** A value as Go's `%+v` prints decoded JSON: `map[a:1 b:[x y]]`. */
function goMap(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(goMap).join(' ')}]`;
  if (typeof value !== 'object' || value === null) return value === null ? '<nil>' : String(value);
  const entries = Object.entries(value).sort(([a], [b]) => compareStrings(a, b));
  return `map[${entries.map(([key, inner]) => `${key}:${goMap(inner)}`).join(' ')}]`;
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch (error) {
    throw badRequest(`error decoding patch: ${(error as Error).message}`);
  }
}
