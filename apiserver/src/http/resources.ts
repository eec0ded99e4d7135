import type { KubeObject } from '@keelson/client';
import { badRequest, methodNotSupported, StatusError } from '@keelson/machinery';
import type { DeleteOptions, Status } from '@keelson/types';
import { remove } from '../registry/delete.ts';
import { convert, convertList } from '../registry/forms.ts';
import { get, list } from '../registry/read.ts';
import { encodeList } from '../registry/wire.ts';
import { create, update, type Writable, type WriteRequest, type Written } from '../registry/write.ts';
import { mediaType, parseBody, readBody } from './body.ts';
import type { FieldValidation } from './decode.ts';
import { negotiate } from './negotiate.ts';
import { preparePatch } from './patch.ts';
import { isTrue } from './request-info.ts';
import { type Answer, sendBytes, sendJson } from './respond.ts';
import { serveScale } from './scale.ts';
import type { ResourceRequest } from './types.ts';
import { serveWatch } from './watch.ts';

/** Answers one authorised request for a resource or subresource. @throws StatusError what goes wrong. */
export async function serveResource(request: ResourceRequest): Promise<void> {
  const { info, store } = request;
  if (info.subresource === 'scale' && store.definition.scale) return serveScale(request);
  if (info.subresource !== '' && !(info.subresource === 'status' && store.definition.status)) return serveSubresource(request);
  if (info.subresource === 'status' && !['get', 'update', 'patch'].includes(info.verb)) throw refused(request);
  if (!(store.verbs as ReadonlySet<string>).has(info.verb)) throw refused(request);
  if (store.definition.answer) return store.definition.answer(request);
  switch (info.verb) {
    case 'get':
      return serveGet(request);
    case 'list':
      return serveList(request);
    case 'watch':
      return serveWatch(request);
    case 'create':
      return serveCreate(request);
    case 'update':
      return serveUpdate(request);
    case 'patch':
      return servePatch(request);
    case 'delete':
      return serveDelete(request);
    default:
      return serveDeleteCollection(request);
  }
}

async function serveSubresource(request: ResourceRequest): Promise<void> {
  const { info, store } = request;
  const subresource = store.definition.subresources?.[info.subresource];
  if (!subresource) throw unknownPath();
  if (!(subresource.verbs as readonly string[]).includes(info.verb)) throw refused(request);
  await subresource.handler(request);
}

/** What Kubernetes answers where it has no route. */
export function unknownPath(): StatusError {
  const status: Status = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: 'the server could not find the requested resource',
    reason: 'NotFound',
    details: {},
    code: 404,
  };
  return new StatusError(status);
}

export function refused({ info, store }: ResourceRequest): StatusError {
  return methodNotSupported(store.groupResource, info.verb);
}

export function answerTo({ request, response, info }: ResourceRequest, yaml = false): Answer {
  return { request, response, query: info.query, yaml };
}

async function serveGet(request: ResourceRequest): Promise<void> {
  const { info, store, registry } = request;
  const form = negotiate(header(request, 'accept'));
  const entry = await get(registry, store, info.namespace, info.name, info.query.get('resourceVersion') ?? '');
  const wire = convert(store, form, entry.wire, info.query, request.clock.now());
  await sendBytes(answerTo(request, form.yaml), 200, wire);
}

async function serveList(request: ResourceRequest): Promise<void> {
  const { info, store, registry } = request;
  const form = negotiate(header(request, 'accept'));
  const page = await list(registry, store, listQuery(request));
  if (form.as !== 'Object') {
    return sendBytes(answerTo(request, form.yaml), 200, convertList(store, form, page, info.query, request.clock.now()));
  }
  const { kind, apiVersion, listKind } = store.kind;
  const { resourceVersion, continue: next, remainingItemCount } = page;
  const head = { kind: listKind ?? `${kind}List`, apiVersion, resourceVersion, continue: next, remainingItemCount };
  const wires = page.entries.map((entry) => entry.wire);
  await sendBytes(answerTo(request, form.yaml), 200, encodeList(head, wires, store.tail));
}

export function listQuery({ info }: ResourceRequest): Parameters<typeof list>[2] {
  const { query } = info;
  const byName = info.name ? `metadata.name=${info.name}` : '';
  return {
    namespace: info.namespace || undefined,
    labelSelector: query.get('labelSelector') ?? '',
    fieldSelector: [byName, query.get('fieldSelector') ?? ''].filter(Boolean).join(','),
    limit: integer(query, 'limit'),
    continue: query.get('continue') ?? '',
    resourceVersion: query.get('resourceVersion') ?? '',
    resourceVersionMatch: query.get('resourceVersionMatch') ?? '',
  };
}

function integer(query: URLSearchParams, name: string): number {
  const text = query.get(name);
  if (!text) return 0;
  if (!/^-?\d+$/.test(text)) throw badRequest(`strconv.ParseInt: parsing "${text}": invalid syntax`);
  return Number(text);
}

async function serveCreate(request: ResourceRequest): Promise<void> {
  const { info, store, registry } = request;
  const form = negotiate(header(request, 'accept'));
  if (info.name !== '') throw refused(request);
  const object = await decodeBody(request);
  checkNamespace(request, object);
  store.definition.defaults?.(object);
  const written = await create(registry, store, object, writeRequest(request));
  await sendWritten(request, form, 201, written);
}

async function serveUpdate(request: ResourceRequest): Promise<void> {
  const { info, store, registry } = request;
  const form = negotiate(header(request, 'accept'));
  const object = await decodeBody(request);
  checkNamespace(request, object);
  checkName(request, object);
  store.definition.defaults?.(object);
  if (store.definition.conditionalUpdateOnly && !object.metadata.resourceVersion) {
    throw badRequest('metadata.resourceVersion: Invalid value: 0x0: must be specified for an update');
  }
  const apply = (): Writable => structuredClone(object);
  try {
    const expected = object.metadata.resourceVersion;
    await sendWritten(request, form, 200, await update(registry, store, info.name, { apply, expected }, writeRequest(request)));
  } catch (error) {
    const missing = error instanceof StatusError && error.code === 404;
    if (!missing || !store.definition.createOnUpdate || object.metadata.resourceVersion || info.subresource) throw error;
    object.metadata.name ??= info.name;
    await sendWritten(request, form, 201, await create(registry, store, object, writeRequest(request)));
  }
}

async function servePatch(request: ResourceRequest): Promise<void> {
  const { info, store, registry } = request;
  const form = negotiate(header(request, 'accept'));
  const type = mediaType(header(request, 'content-type'));
  const patch = preparePatch(request.decoder, store, type, await readBody(request.request));
  const mode = fieldValidation(request);
  const warned = new Set<string>();
  const apply = (current: Writable): Writable => {
    const { object, warnings } = request.decoder.decode(store.kind, patch(current), [], mode);
    for (const warning of warnings) warned.add(warning);
    checkName(request, object as Writable);
    store.definition.defaults?.(object);
    return object as Writable;
  };
  const written = await update(registry, store, info.name, { apply }, writeRequest(request));
  request.warnings.push(...warned);
  await sendWritten(request, form, 200, written);
}

async function serveDelete(request: ResourceRequest): Promise<void> {
  const { info, store, registry } = request;
  const form = negotiate(header(request, 'accept'));
  const options = await deleteOptions(request);
  const removal = await remove(registry, store, info.name, options, deleteRequest(request, options));
  if (!removal.removed || store.definition.deletion?.returnsObject) return sendWritten(request, form, 200, removal);
  const { group, resource } = store.groupResource;
  const details = { name: info.name, ...(group ? { group } : {}), kind: resource, uid: removal.object.metadata.uid };
  await sendJson(answerTo(request, form.yaml), 200, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details });
}

async function serveDeleteCollection(request: ResourceRequest): Promise<void> {
  const { store, registry } = request;
  const form = negotiate(header(request, 'accept'));
  const options = await deleteOptions(request);
  const page = await list(registry, store, listQuery(request));
  const wires: Buffer[] = [];
  for (const { namespace, name } of page.entries) {
    try {
      const one = { ...deleteRequest(request, options), namespace };
      wires.push((await remove(registry, store, name, options, one)).wire);
    } catch (error) {
      if (!(error instanceof StatusError) || error.code !== 404) throw error;
    }
  }
  const { kind, apiVersion } = store.kind;
  await sendBytes(
    answerTo(request, form.yaml),
    200,
    encodeList({ kind: `${kind}List`, apiVersion, resourceVersion: page.resourceVersion }, wires, store.tail),
  );
}

const deleteOptionsKind = { kind: 'DeleteOptions', apiVersion: 'v1', typeName: 'meta.v1.DeleteOptions' };

/** From the body, else from the query. */
async function deleteOptions({ request, info, decoder }: ResourceRequest): Promise<DeleteOptions> {
  const body = await readBody(request);
  const { query } = info;
  if (body.length > 0) {
    const { value } = await parseBody(
      body,
      String(request.headers['content-type'] ?? 'application/json'),
      'DeleteOptions',
      false,
      decoder.schemas,
    );
    const { apiVersion: _any, ...plain } = value as { apiVersion?: string };
    return decoder.decode(deleteOptionsKind, { ...plain, apiVersion: 'v1' }, [], 'Ignore').object as DeleteOptions;
  }
  const grace = query.get('gracePeriodSeconds');
  const orphan = query.get('orphanDependents');
  const policy = query.get('propagationPolicy');
  return {
    ...(grace === null ? {} : { gracePeriodSeconds: Number(grace) }),
    ...(orphan === null ? {} : { orphanDependents: isTrue(orphan) }),
    ...(policy === null ? {} : { propagationPolicy: policy }),
    ...(query.has('dryRun') ? { dryRun: query.getAll('dryRun') } : {}),
  };
}

/** Reads, parses and shapes the body; warnings go onto the request. */
export async function decodeBody(
  request: ResourceRequest,
  kind = request.store.kind as Pick<typeof request.store.kind, 'kind' | 'apiVersion' | 'typeName'>,
): Promise<Writable> {
  const mode = fieldValidation(request);
  const { value, duplicates } = await parseBody(
    await readBody(request.request),
    header(request, 'content-type'),
    kind.kind,
    mode !== 'Ignore',
    request.decoder.schemas,
  );
  const { object, warnings } = request.decoder.decode(kind, value, duplicates, mode);
  request.warnings.push(...warnings);
  return object as Writable;
}

function fieldValidation({ info }: ResourceRequest): FieldValidation {
  const asked = info.query.get('fieldValidation') || 'Warn';
  if (asked === 'Ignore' || asked === 'Warn' || asked === 'Strict') return asked;
  throw badRequest(`fieldValidation: Unsupported value: "${asked}": supported values: "Ignore", "Strict", "Warn"`);
}

function checkNamespace({ info, store }: ResourceRequest, { metadata }: KubeObject): void {
  if (!store.kind.namespaced || !metadata.namespace || metadata.namespace === info.namespace) return;
  throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
}

function checkName({ info }: ResourceRequest, { metadata }: KubeObject): void {
  if (!metadata.name) metadata.name = info.name;
  if (metadata.name !== info.name)
    throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${info.name})`);
}

export function writeRequest({ info, user, warnings }: ResourceRequest): WriteRequest {
  return { namespace: info.namespace, user, dryRun: dryRun(info.query.getAll('dryRun')), subresource: info.subresource, warnings };
}

function deleteRequest(request: ResourceRequest, options: DeleteOptions): WriteRequest {
  return { ...writeRequest(request), dryRun: dryRun([...request.info.query.getAll('dryRun'), ...(options.dryRun ?? [])]) };
}

function dryRun(values: readonly string[]): boolean {
  for (const value of values) {
    if (value !== 'All') throw badRequest(`dryRun: Unsupported value: "${value}": supported values: "All"`);
  }
  return values.length > 0;
}

export async function sendWritten(
  request: ResourceRequest,
  form: ReturnType<typeof negotiate>,
  code: number,
  { wire }: Written,
): Promise<void> {
  const { store, info, clock } = request;
  await sendBytes(answerTo(request, form.yaml), code, convert(store, form, wire, info.query, clock.now()));
}

export function header({ request }: ResourceRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(',') : value;
}
