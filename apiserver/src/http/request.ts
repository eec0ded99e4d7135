import type { KubeObject } from '@keelson/client';
import { badRequest, type FieldOwner, managerName, StatusError } from '@keelson/machinery';
import type { DeleteOptions } from '@keelson/types';
import { convert } from '../registry/forms.ts';
import { preparedBytes } from '../registry/versions.ts';
import type { Writable } from '../registry/writable.ts';
import type { WriteRequest, Written } from '../registry/written.ts';
import { parseBody, readBody } from './decode/body.ts';
import type { DecodeResult } from './decode/decode.ts';
import { type Form, negotiate, statusEncoding } from './negotiate.ts';
import { type WriteVerb, writeOptions } from './options.ts';
import type { ResourceRequest } from './resource-request.ts';
import { type Answer, sendBytes } from './respond.ts';

/** What Kubernetes' own routes answer to a method they do not know. */
export function refused(): StatusError {
  return new StatusError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: 'the server does not allow this method on the requested resource',
    reason: 'MethodNotAllowed',
    details: {},
    code: 405,
  });
}

/** The form that the client asked for. @throws StatusError NotAcceptable where there is none. */
export function formOf(request: ResourceRequest, converts = true): Form {
  return negotiate(header(request, 'accept'), { converts, custom: request.store.isCustom });
}

/** @param encoding as the client has it where nothing is converted, unless told. */
export function answerTo(request: ResourceRequest, encoding = statusEncoding(header(request, 'accept'))): Answer {
  return { request: request.request, response: request.response, query: request.info.query, encoding, audit: request.audit };
}

/** Reads, parses and shapes the body; warnings go onto the request. */
export async function decodeBody(request: ResourceRequest, kind: BodyKind = request.store.kind): Promise<Writable> {
  const { object, warnings } = await decoded(request, kind, await readBody(request.request));
  for (const warning of warnings) request.warnings.push(warning);
  request.audit?.requested(object);
  return object as Writable;
}

type BodyKind = Pick<ResourceRequest['store']['kind'], 'kind' | 'apiVersion' | 'typeName'>;

async function decoded(request: ResourceRequest, kind: BodyKind, body: Buffer): Promise<DecodeResult> {
  const { decoder, info } = request;
  const { fieldValidation } = writeOptions(info.query, info.verb === 'update' ? 'update' : 'create');
  const type = header(request, 'content-type');
  const as = `${kind.apiVersion} ${kind.kind} ${fieldValidation} ${type}`;
  const known = decoder.repeated.find(as, body);
  if (known) return known;
  const expected = { kind: kind.kind, apiVersion: kind.apiVersion, isCustom: decoder.isCustom(kind) };
  const { value, source } = await parseBody(body, type, expected, fieldValidation !== 'Ignore', decoder.schemas);
  const result = decoder.decode(kind, value, source, fieldValidation);
  decoder.repeated.remember(as, body, result);
  return result;
}

/** @throws StatusError BadRequest for an object of another namespace; one that names none gets the request's. */
export function checkNamespace({ info, store }: ResourceRequest, { metadata }: KubeObject): void {
  if (!store.kind.namespaced || metadata.namespace === info.namespace) return;
  if (!metadata.namespace) {
    metadata.namespace = info.namespace;
    return;
  }
  throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
}

/** @throws StatusError BadRequest for an object of another name, or of none. */
export function checkName({ info }: ResourceRequest, { metadata }: KubeObject): void {
  if (!metadata.name) throw badRequest(`the name of the object (${info.name} based on URL) was undeterminable: name must be provided`);
  if (metadata.name !== info.name)
    throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${info.name})`);
}

/** The bytes of a patch. */
export async function readPatch(request: ResourceRequest): Promise<Buffer> {
  const body = await readBody(request.request);
  request.audit?.requested(body);
  return body;
}

/** How the registry is to write: for whom, in whose name, and whether in earnest. */
export function writeRequest(request: ResourceRequest, verb: WriteVerb = verbOf(request)): WriteRequest {
  const { info, user, warnings, audit, store: requested } = request;
  const { dryRun } = writeOptions(info.query, verb);
  const options = optionsOf(info.query, dryRun);
  const asked = { namespace: info.namespace, user, dryRun, options, subresource: info.subresource, verb: info.verb, requested };
  return { ...asked, warnings, annotate: audit?.annotate, owner: ownerOf(request, verb) };
}

/** Those of a write, as they were given. */
function optionsOf(query: URLSearchParams, dryRun: boolean): object {
  const [fieldManager, fieldValidation] = [query.get('fieldManager'), query.get('fieldValidation')];
  return {
    ...(dryRun ? { dryRun: ['All'] } : {}),
    ...(fieldManager ? { fieldManager } : {}),
    ...(fieldValidation ? { fieldValidation } : {}),
  };
}

function verbOf({ info }: ResourceRequest): WriteVerb {
  return info.verb === 'update' || info.verb === 'patch' ? info.verb : 'create';
}

/** Whose the written fields become. What is created below an object (a binding, an eviction) is no write of its fields. */
function ownerOf(request: ResourceRequest, verb: WriteVerb): FieldOwner | 'nobody' {
  const { info, store } = request;
  if (verb === 'create' && info.subresource !== '') return 'nobody';
  const manager = managerName(info.query.get('fieldManager') ?? '', header(request, 'user-agent') ?? '');
  // As the URL names it: a handler may serve one subresource by the rules of another.
  const subresource = info.subresource === '' ? '' : (info.path.split('/').filter(Boolean).at(-1) ?? '');
  return { manager, operation: verb === 'apply' ? 'Apply' : 'Update', apiVersion: store.kind.apiVersion, subresource };
}

/** As `writeRequest`, of a removal. */
export function deleteRequest(request: ResourceRequest, { dryRun = [], kind: _, apiVersion: __, ...given }: DeleteOptions): WriteRequest {
  const { info, user, warnings, audit, store: requested } = request;
  const options = { ...given, ...(dryRun.length > 0 ? { dryRun } : {}) };
  const asked = { namespace: info.namespace, user, dryRun: dryRun.length > 0, options, subresource: info.subresource, requested };
  return { ...asked, warnings, annotate: audit?.annotate };
}

export async function sendWritten(request: ResourceRequest, form: Form, code: number, { wire }: Written): Promise<void> {
  const { store, info, clock } = request;
  await preparedBytes(store, [wire]);
  await sendBytes(answerTo(request, form.encoding), code, convert(store, form, wire, info.query, clock.now()));
}

export function header({ request }: ResourceRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(',') : value;
}
