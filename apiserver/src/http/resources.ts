import { badRequest, copyOf, fieldInvalid, invalid, pathNotFound, StatusError } from '@keelson/machinery';
import type { ServedKind } from '../kinds/served-kind.ts';
import type { KindDefinition } from '../kinds/types.ts';
import { remove } from '../registry/delete.ts';
import { convert, convertList } from '../registry/forms.ts';
import { get, type ListPage, list } from '../registry/read.ts';
import { dropRepeatedOwners } from '../registry/repeated-owners.ts';
import { fromStored, prepared, preparedBytes, servedBytes, toStored } from '../registry/versions.ts';
import { ListBytes } from '../registry/wire.ts';
import type { Writable } from '../registry/writable.ts';
import { create, update } from '../registry/write.ts';
import { applyType, serveApply } from './apply.ts';
import { checkCustomRoute } from './custom-route.ts';
import { mediaType } from './decode/body.ts';
import type { Form } from './negotiate.ts';
import { deleteOptions, listQuery, writeOptions } from './options.ts';
import { decodePatched, preparePatch } from './patch.ts';
import {
  answerTo,
  checkName,
  checkNamespace,
  decodeBody,
  deleteRequest,
  formOf,
  header,
  readPatch,
  refused,
  sendWritten,
  writeRequest,
} from './request.ts';
import { isTrue } from './request-info.ts';
import type { ResourceRequest } from './resource-request.ts';
import { sendBytes, sendJson, sendList } from './respond.ts';
import { serveScale } from './scale.ts';
import { serveWatch } from './watch.ts';

/** Answers one authorised request for a resource or subresource. @throws StatusError what goes wrong. */
export async function serveResource(request: ResourceRequest, definition: ServedKind): Promise<void> {
  const { info, store } = request;
  if (!store.isCustom) checkRoute(request);
  if (definition.deprecation) request.warnings.push(definition.deprecation);
  if (store.isCustom) checkCustomRoute(request);
  if (info.subresource === 'scale' && definition.scale) return serveScale(request);
  if (info.subresource !== '' && !isPart(definition, info.subresource)) return serveSubresource(request, definition);
  if (info.subresource !== '' && !['get', 'update', 'patch'].includes(info.verb)) throw refused();
  if (!(store.verbs as ReadonlySet<string>).has(info.verb)) throw refused();
  if (definition.answer) {
    if (info.verb === 'create') formOf(request, false);
    return definition.answer(request);
  }
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

/** Whether there is such a path for such a thing, and the method on it. Upstream has no HEAD routes, though it authorises them as get. */
function checkRoute({ info, store, request }: ResourceRequest): void {
  const { namespace, name, verb, subresource, rest } = info;
  const everywhere = store.kind.namespaced && namespace === '';
  const inNamespace = !store.kind.namespaced && namespace !== '' && info.resource !== 'namespaces';
  const beyond = rest !== '' && !store.definition.subresources?.[subresource]?.anyMethod;
  if (inNamespace || beyond || verb === 'proxy' || (everywhere && name !== '')) throw pathNotFound();
  const onCollection = verb === 'list' || verb === 'watch' || verb === 'create' || verb === 'deletecollection';
  const fits = subresource !== '' || (name === '' ? onCollection : verb !== 'create' && verb !== 'deletecollection');
  const head = request.method === 'HEAD' && !store.definition.subresources?.[subresource]?.anyMethod;
  const odd = info.verbInPath && request.method !== 'GET';
  if (!fits || head || odd || (everywhere && verb !== 'list' && verb !== 'watch' && store.isStored)) throw refused();
}

/** Whether a subresource is the object itself, of which only a part can be changed. */
function isPart({ status, parts }: KindDefinition, subresource: string): boolean {
  return subresource === 'status' ? status !== undefined : parts?.[subresource] !== undefined;
}

async function serveSubresource(request: ResourceRequest, { subresources }: ServedKind): Promise<void> {
  const { info } = request;
  const subresource = subresources?.[info.subresource];
  if (!subresource) throw pathNotFound();
  if (!subresource.anyMethod && !(subresource.verbs as readonly string[]).includes(info.verb)) throw refused();
  await subresource.handler(request);
}

async function serveGet(request: ResourceRequest): Promise<void> {
  const { info, store, registry } = request;
  const form = formOf(request);
  if (isTrue(info.query.get('export'))) throw badRequest('the export parameter, deprecated since v1.14, is no longer supported');
  const entry = await get(registry, store, info.namespace, info.name, info.query.get('resourceVersion') ?? '');
  await preparedBytes(store, [entry.wire]);
  const wire = convert(store, form, entry.wire, info.query, request.clock.now());
  await sendBytes(answerTo(request, form.encoding), 200, wire);
}

async function serveList(request: ResourceRequest): Promise<void> {
  const { store, registry } = request;
  const form = formOf(request);
  const page = await list(registry, store, listQuery(request));
  await preparedBytes(store, wiresOf(page));
  await sendPage(request, form, page);
}

async function sendPage(request: ResourceRequest, form: Form, page: ListPage): Promise<void> {
  const { info, store, clock } = request;
  const answer = answerTo(request, form.encoding);
  if (form.as !== 'Object') return sendBytes(answer, 200, convertList(store, form, page, info.query, clock.now()));
  const { kind, apiVersion, listKind } = store.kind;
  const { resourceVersion, remainingItemCount } = page;
  // Of custom resources upstream always says what follows.
  const next = store.isCustom ? (page.continue ?? '') : page.continue;
  const head = { kind: listKind ?? `${kind}List`, apiVersion, resourceVersion, continue: next, remainingItemCount };
  const wires = wiresOf(page).map((wire) => servedBytes(store, wire));
  await sendList(answer, 200, new ListBytes(head, wires, store.tail));
}

function wiresOf({ entries }: ListPage): Buffer[] {
  return entries.map(({ wire }) => wire);
}

async function serveCreate(request: ResourceRequest): Promise<void> {
  const { store, registry } = request;
  const form = formOf(request);
  const object = await decodeBody(request);
  checkNamespace(request, object);
  const asked = writeRequest(request);
  dropRepeatedOwners(object, asked.warnings);
  const written = await create(registry, store.hub, await toStored(store, object), asked);
  await sendWritten(request, form, 201, written);
}

async function serveUpdate(request: ResourceRequest): Promise<void> {
  const { info, store, registry } = request;
  const form = formOf(request);
  const { hub } = store;
  const object = await decodeBody(request);
  checkNamespace(request, object);
  checkName(request, object);
  const asked = writeRequest(request);
  dropRepeatedOwners(object, asked.warnings);
  const apply = (current: Writable): Writable | Promise<Writable> => {
    mustBeConditional(request, object);
    return toStored(store, copyOf(object), current, asked.subresource);
  };
  try {
    const expected = object.metadata.resourceVersion;
    await sendWritten(request, form, 200, await update(registry, hub, info.name, { apply, expected }, asked));
  } catch (error) {
    const missing = error instanceof StatusError && error.code === 404;
    if (!missing || !hub.definition.createOnUpdate || object.metadata.resourceVersion || info.subresource) throw error;
    object.metadata.name ??= info.name;
    await sendWritten(request, form, 201, await create(registry, hub, await toStored(store, object), asked));
  }
}

/** Some kinds take only updates of a known version. What is not there is not found, whatever the update lacks. @throws StatusError Invalid. */
function mustBeConditional({ store, info }: ResourceRequest, { metadata: { resourceVersion } }: Writable): void {
  if (!store.hub.definition.conditionalUpdateOnly || (resourceVersion && resourceVersion !== '0')) return;
  const { group, resource: kind } = store.groupResource;
  throw invalid({ group, kind }, info.name, [fieldInvalid('metadata.resourceVersion', 0, 'must be specified for an update')]);
}

async function servePatch(request: ResourceRequest): Promise<void> {
  const { info, store, registry } = request;
  const form = formOf(request);
  const type = mediaType(header(request, 'content-type'));
  if (type === applyType) return serveApply(request, form);
  const { fieldValidation } = writeOptions(info.query, 'patch');
  const patch = preparePatch(request.decoder, store, { type, body: await readPatch(request), fieldValidation });
  const warned = new Set<string>();
  const asked = writeRequest(request);
  const apply = async (current: Writable): Promise<Writable> => {
    await prepared(store, [current]);
    const before = store.hub === store ? current : fromStored(store, copyOf(current));
    const { object, warnings } = decodePatched(request.decoder, store.kind, patch, before, fieldValidation);
    for (const warning of warnings) warned.add(warning);
    checkNamespace(request, object);
    checkName(request, object);
    mustBeConditional(request, object as Writable);
    return toStored(store, object as Writable, current, asked.subresource);
  };
  const written = await update(registry, store.hub, info.name, { apply }, asked);
  for (const warning of warned) request.warnings.push(warning);
  await sendWritten(request, form, 200, written);
}

async function serveDelete(request: ResourceRequest): Promise<void> {
  const { info, store, registry } = request;
  const form = formOf(request);
  const options = await deleteOptions(request);
  const removal = await remove(registry, store.hub, info.name, options, deleteRequest(request, options));
  // Of what is going on, upstream tells only those who said that dependents are not to be orphaned, in the old way.
  const code = !removal.removed && options.orphanDependents === false ? 202 : 200;
  if (!removal.removed || store.hub.definition.deletion?.returnsObject) return sendWritten(request, form, code, removal);
  const { group, resource } = store.groupResource;
  const details = { name: info.name, ...(group ? { group } : {}), kind: resource, uid: removal.object.metadata.uid };
  await sendJson(answerTo(request, form.encoding), 200, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details });
}

async function serveDeleteCollection(request: ResourceRequest): Promise<void> {
  const { store, registry } = request;
  const { deleteCollectionWorkers: together } = request.limits;
  const form = formOf(request);
  const options = await deleteOptions(request);
  const page = await list(registry, store, listQuery(request));
  const removeOne = async (entry: ListPage['entries'][number]): Promise<ListPage['entries']> => {
    const { namespace, name } = entry;
    try {
      const { wire } = await remove(registry, store.hub, name, options, { ...deleteRequest(request, options), namespace });
      await preparedBytes(store, [wire]);
      return [{ ...entry, wire }];
    } catch (error) {
      if (error instanceof StatusError && error.code === 404) return [];
      throw error;
    }
  };
  const removed: ListPage['entries'][number][] = [];
  for (let at = 0; at < page.entries.length; at += together)
    removed.push(...(await Promise.all(page.entries.slice(at, at + together).map(removeOne))).flat());
  await sendPage(request, form, { ...page, entries: removed });
}
