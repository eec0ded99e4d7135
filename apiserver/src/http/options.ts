import {
  badRequest,
  type FieldError,
  fieldForbidden,
  fieldRequired,
  fieldUnsupported,
  goQuote,
  invalid,
  unsupportedMediaType,
  validateFieldManager,
} from '@keelson/machinery';
import type { DeleteOptions } from '@keelson/types';
import type { ListQuery } from '../registry/read.ts';
import { mediaType, objectTypes, parseBody, readBody } from './decode/body.ts';
import type { FieldValidation } from './decode/decode.ts';
import { noComplaints } from './decode/field-faults.ts';
import type { RequestInfo } from './request-info.ts';
import { exactName, isTrue } from './request-info.ts';
import type { ResourceRequest } from './resource-request.ts';

/** What a list, a watch or a deletecollection asks for. @throws StatusError BadRequest for numbers that are none. */
export function listQuery({ info }: ResourceRequest): ListQuery {
  const { query } = info;
  integer(query, 'timeoutSeconds');
  const initial = query.get('sendInitialEvents');
  return {
    namespace: info.namespace || undefined,
    labelSelector: query.get('labelSelector') ?? '',
    fieldSelector: fieldSelectorOf(info),
    limit: Math.max(0, integer(query, 'limit') ?? 0),
    continue: query.get('continue') ?? '',
    resourceVersion: query.get('resourceVersion') ?? '',
    resourceVersionMatch: query.get('resourceVersionMatch') ?? '',
    sendInitialEvents: initial === null ? undefined : isTrue(initial),
  };
}

/** Of one object that is watched by its name, no other may be selected. @throws StatusError BadRequest. */
function fieldSelectorOf({ name, query }: RequestInfo): string {
  const text = query.get('fieldSelector') ?? '';
  if (name === '') return text;
  const byName = `metadata.name=${name}`;
  if (text === '') return byName;
  if (exactName(text) !== name) throw badRequest("fieldSelector metadata.name doesn't match requested name");
  return text;
}

/** An integer parameter, or undefined when it is absent or empty. @throws StatusError BadRequest for anything else. */
export function integer(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (!text) return undefined;
  const value = Number(text);
  if (!/^[+-]?\d+$/.test(text)) throw badRequest(`strconv.ParseInt: parsing ${goQuote(text)}: invalid syntax`);
  if (!Number.isSafeInteger(value)) throw badRequest(`strconv.ParseInt: parsing ${goQuote(text)}: value out of range`);
  return value;
}

export interface WriteOptions {
  readonly dryRun: boolean;
  readonly fieldValidation: FieldValidation;
}

const optionKinds = { create: 'CreateOptions', update: 'UpdateOptions', patch: 'PatchOptions', apply: 'PatchOptions' };

/** How something is written; an apply is a patch with options of its own. */
export type WriteVerb = keyof typeof optionKinds;

/** The options every write takes. @throws StatusError Invalid, as upstream's `CreateOptions.meta.k8s.io "" is invalid: …`. */
export function writeOptions(query: URLSearchParams, verb: WriteVerb): WriteOptions {
  const dryRun = query.getAll('dryRun').filter(Boolean);
  const fieldValidation = query.get('fieldValidation') || 'Warn';
  const errors: FieldError[] = [];
  if (verb === 'patch' && query.has('force')) errors.push(fieldForbidden('force', 'may not be specified for non-apply patch'));
  if (verb === 'apply' && !query.get('fieldManager')) errors.push(fieldRequired('fieldManager', 'is required for apply patch'));
  errors.push(...validateFieldManager(query.get('fieldManager') ?? '', 'fieldManager'), ...dryRunErrors(dryRun));
  if (!isFieldValidation(fieldValidation))
    errors.push(fieldUnsupported('fieldValidation', fieldValidation, ['', 'Ignore', 'Strict', 'Warn']));
  throwInvalidOptions(optionKinds[verb], errors);
  return { dryRun: dryRun.length > 0, fieldValidation: fieldValidation as FieldValidation };
}

function isFieldValidation(text: string): text is FieldValidation {
  return text === 'Ignore' || text === 'Warn' || text === 'Strict';
}

function dryRunErrors(values: readonly string[]): FieldError[] {
  return values.every((value) => value === 'All') ? [] : [fieldUnsupported('dryRun', values, ['All'])];
}

function throwInvalidOptions(kind: string, errors: readonly FieldError[]): void {
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind }, '', errors);
}

const deleteOptionsKind = { kind: 'DeleteOptions', apiVersion: 'v1', typeName: 'meta.v1.DeleteOptions' };

/** From the body, else from the query. `dryRun` may stand in either. */
export async function deleteOptions(request: ResourceRequest): Promise<DeleteOptions> {
  const { query } = request.info;
  const body = await readBody(request.request);
  const options = body.length > 0 ? await optionsIn(request, body) : optionsFrom(query);
  const dryRun = [...query.getAll('dryRun').filter(Boolean), ...(options.dryRun ?? [])];
  throwInvalidOptions('DeleteOptions', dryRunErrors(dryRun));
  const { gracePeriodSeconds: grace } = options;
  return { ...options, dryRun, ...(grace !== undefined && grace < 0 ? { gracePeriodSeconds: 1 } : {}) };
}

/** Old clients name the options' group version as that of what they delete. */
async function optionsIn({ request, decoder, audit }: ResourceRequest, body: Buffer): Promise<DeleteOptions> {
  const type = request.headers['content-type'];
  const contentType = Array.isArray(type) ? type[0] : type;
  if (!objectTypes.includes(mediaType(contentType))) throw unsupportedMediaType(objectTypes);
  const { value } = await parseBody(body, contentType, { ...deleteOptionsKind, isCustom: false, bare: true }, false, decoder.schemas);
  const { object } = decoder.decode(deleteOptionsKind, { ...(value as object), apiVersion: 'v1' }, noComplaints, 'Ignore');
  audit?.requested(object);
  return object as DeleteOptions;
}

function optionsFrom(query: URLSearchParams): DeleteOptions {
  const grace = integer(query, 'gracePeriodSeconds');
  const orphan = query.get('orphanDependents');
  const policy = query.get('propagationPolicy');
  return {
    ...(grace === undefined ? {} : { gracePeriodSeconds: grace }),
    ...(orphan === null ? {} : { orphanDependents: isTrue(orphan) }),
    ...(policy ? { propagationPolicy: policy } : {}),
  };
}
