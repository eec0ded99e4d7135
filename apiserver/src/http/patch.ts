import type { KubeObject } from '@keelson/client';
import {
  applyJsonPatch,
  applyMergePatch,
  badRequest,
  fieldInvalid,
  goJson,
  goPrint,
  invalid,
  type JsonPatchOperation,
  patchTyped,
  requestEntityTooLarge,
  unprocessable,
  unsupportedMediaType,
} from '@keelson/machinery';
import type { Kind } from '@keelson/types';
import type { KindStore } from '../registry/kind-store.ts';
import type { DecodeResult, Decoder, FieldValidation } from './decode/decode.ts';
import { DecodeError } from './decode/decode-error.ts';
import { checkDepth } from './decode/depth.ts';
import { duplicateFields } from './decode/duplicates.ts';
import { duplicateField, jsonPatchComplaints } from './decode/field-faults.ts';
import { goJsonFault } from './decode/json-fault.ts';

const jsonType = 'application/json-patch+json';
const mergeType = 'application/merge-patch+json';
const strategicType = 'application/strategic-merge-patch+json';
const applyType = 'application/apply-patch+yaml';

const operationLimit = 10_000;
/** Bytes of JSON that `copy` may add altogether. */
const copyLimit = 3 * 1024 * 1024;

/** A patch as it came. */
export interface PatchBody {
  readonly type: string;
  readonly body: Buffer;
  readonly fieldValidation: FieldValidation;
}

/** A patch as a function of the present object. Applied again when somebody else wrote in between. */
export interface Patch {
  apply(current: object): unknown;
  /** What a decoding error shows of it: upstream prints the patched object, or for a strategic merge the patch itself. */
  shown(patched: unknown): string;
  /** Whether what it makes is converted to its type, and not decoded. */
  readonly converts?: boolean;
  /** What is wrong with the patch itself, where fields are validated. */
  readonly complaints: readonly string[];
}

/** @throws StatusError UnsupportedMediaType for another type, BadRequest for a body that is no patch. */
export function preparePatch(decoder: Decoder, { kind: { typeName } }: Pick<KindStore, 'kind'>, patch: PatchBody): Patch {
  const types = [jsonType, mergeType, ...(decoder.schemas[typeName] ? [strategicType] : []), applyType];
  if (patch.type === applyType || !types.includes(patch.type)) throw unsupportedMediaType(types);
  if (patch.type === jsonType) {
    const operations = readOperations(patch);
    checkDepth(operations);
    const complaints = patch.fieldValidation === 'Ignore' ? [] : jsonPatchComplaints(patch.body.toString());
    return { apply: (current) => shallow(appliedTo(current, operations)), shown: goJson, complaints };
  }
  const members = readMembers(patch);
  checkDepth(members);
  const complaints = patch.fieldValidation === 'Ignore' ? [] : duplicateFields(patch.body.toString()).map(duplicateField);
  if (patch.type === mergeType) return { apply: (current) => applyMergePatch(current, members), shown: goJson, complaints };
  return {
    complaints,
    apply: (current) => stillCalled(current, patchTyped(current as Record<string, unknown>, members, decoder.schemas, typeName)),
    shown: () => goPrint(members),
    converts: true,
  };
}

/** A conversion knows the type without being told: what the patch says of it, if it is a text, is not looked at. */
function stillCalled({ apiVersion, kind }: Partial<KubeObject>, patched: Partial<KubeObject>): object {
  return {
    ...patched,
    ...(typeof patched.kind === 'string' ? { kind } : {}),
    ...(typeof patched.apiVersion === 'string' ? { apiVersion } : {}),
  };
}

function appliedTo(current: object, operations: readonly JsonPatchOperation[]): unknown {
  if (operations.length > operationLimit) {
    const limit = `The allowed maximum operations in a JSON patch is ${operationLimit}, got ${operations.length}`;
    throw requestEntityTooLarge(limit);
  }
  try {
    return applyJsonPatch(current, operations, copyLimit);
  } catch (error) {
    throw unprocessable(error);
  }
}

/** Each operation may put what is there one level deeper. */
function shallow(patched: unknown): unknown {
  checkDepth(patched);
  return patched;
}

/** Checked twice upstream, the first time only where fields are validated: hence the two texts. */
function readOperations({ body, fieldValidation }: PatchBody): JsonPatchOperation[] {
  const strict = fieldValidation !== 'Ignore';
  const prefix = strict ? 'error decoding patch: ' : '';
  const operations = parse(body, prefix);
  if (!Array.isArray(operations)) throw wrongType(operations, strict ? '[]handlers.jsonPatchOp' : 'jsonpatch.Patch', prefix);
  for (const operation of operations as unknown[]) checkOperation(operation, strict, prefix);
  return operations as JsonPatchOperation[];
}

function checkOperation(operation: unknown, strict: boolean, prefix: string): void {
  if (operation === null) return;
  if (typeof operation !== 'object' || Array.isArray(operation))
    throw wrongType(operation, strict ? 'handlers.jsonPatchOp' : 'jsonpatch.Operation', prefix);
  if (!strict) return;
  for (const name of ['op', 'from', 'path']) {
    const value = (operation as Record<string, unknown>)[name];
    if (value === undefined || value === null || typeof value === 'string') continue;
    throw badRequest(`${prefix}json: cannot unmarshal ${goKind(value)} into Go struct field jsonPatchOp.${name} of type string`);
  }
}

function readMembers({ type, body, fieldValidation }: PatchBody): Record<string, unknown> {
  const prefix = type === mergeType ? 'error decoding patch: ' : '';
  if (type === mergeType && fieldValidation === 'Ignore') return readUnchecked(body);
  const members = parse(body, prefix);
  if (typeof members === 'object' && members !== null && !Array.isArray(members)) return members as Record<string, unknown>;
  throw wrongType(members, 'map[string]interface {}', prefix);
}

function readUnchecked(body: Buffer): Record<string, unknown> {
  try {
    const members: unknown = JSON.parse(body.toString());
    if (typeof members === 'object' && members !== null && !Array.isArray(members)) return members as Record<string, unknown>;
  } catch {
    // The answer is the same for all that is no patch.
  }
  throw badRequest('Invalid JSON Patch');
}

function wrongType(patch: unknown, wanted: string, prefix: string): Error {
  return badRequest(`${prefix}json: cannot unmarshal ${goKind(patch)} into Go value of type ${wanted}`);
}

/** A JSON value as Go's decoder names its type. */
function goKind(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (value === null) return 'null';
  return typeof value === 'boolean' ? 'bool' : typeof value;
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
    return decoder.decode(kind, patched, { type: 'patch', complaints: patch.complaints }, mode);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw invalid({ group: '', kind: '' }, '', [
      fieldInvalid('patch', patch.shown(patched), patch.converts ? error.converting : error.why),
    ]);
  }
}

function parse(body: Buffer, prefix: string): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    throw badRequest(`${prefix}${goJsonFault(body)}`);
  }
}
