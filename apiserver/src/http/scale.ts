import { badRequest, copyOf, fieldInvalid, goQuote, invalid } from '@keelson/machinery';
import type { Scale } from '@keelson/types';
import { ageColumn, nameColumn } from '../kinds/columns.ts';
import type { Column, ScaleRules } from '../kinds/types.ts';
import { apply } from '../registry/apply.ts';
import { convertView } from '../registry/forms.ts';
import { get } from '../registry/read.ts';
import { fromStored, prepared, toStored } from '../registry/versions.ts';
import type { Writable } from '../registry/writable.ts';
import { update } from '../registry/write.ts';
import { applyType, readConfiguration } from './apply.ts';
import { mediaType } from './decode/body.ts';
import { noComplaints } from './decode/field-faults.ts';
import type { Form } from './negotiate.ts';
import { decodePatched, preparePatch } from './patch.ts';
import { answerTo, checkName, checkNamespace, decodeBody, formOf, header, readPatch, refused, writeRequest } from './request.ts';
import { isTrue } from './request-info.ts';
import type { ResourceRequest } from './resource-request.ts';
import { sendJson } from './respond.ts';

const scaleKind = { kind: 'Scale', apiVersion: 'autoscaling/v1', typeName: 'autoscaling.v1.Scale' };

/** `autoscaling/v1 Scale` as a view of a kind that has replicas: get, update, patch, apply. */
export async function serveScale(request: ResourceRequest): Promise<void> {
  const { info, store, registry } = request;
  const form = formOf(request);
  const rules = store.definition.scale as ScaleRules<unknown>;
  const answer = async (stored: Writable): Promise<void> =>
    sendJson(answerTo(request, form.encoding), 200, shown(request, form, toScale(rules, await served(request, stored))));
  if (info.verb === 'get') {
    const entry = await get(registry, store, info.namespace, info.name, info.query.get('resourceVersion') ?? '');
    return answer(JSON.parse(entry.wire.toString()) as Writable);
  }
  if (info.verb !== 'update' && info.verb !== 'patch') throw refused();
  if (mediaType(header(request, 'content-type')) === applyType) return answer(await applyScale(request, rules));
  const wanted = info.verb === 'update' ? await wholeScale(request) : await patchedScale(request, rules);
  const change = async (current: Writable): Promise<Writable> => {
    const object = await served(request, current);
    const scale = wanted(object);
    rules.setReplicas(object, checkedReplicas(request, scale));
    object.metadata.resourceVersion = scale.metadata.resourceVersion;
    return toStored(store, object, current);
  };
  const { object } = await update(registry, store.hub, info.name, { apply: change }, { ...writeRequest(request), subresource: '' });
  await answer(object);
}

const columns: readonly Column<Scale>[] = [
  nameColumn as Column<Scale>,
  { name: 'Desired', type: 'integer', cell: ({ spec }) => spec?.replicas ?? 0 },
  { name: 'Available', type: 'integer', cell: ({ status }) => status?.replicas ?? 0 },
  { ...(ageColumn as Column<Scale>), type: 'date' },
];

function shown({ info, clock }: ResourceRequest, form: Form, scale: Scale): object {
  return convertView(columns, form, scale, { query: info.query, now: clock.now() });
}

/** A private copy of what is stored, in the version that is asked for. */
async function served({ store }: ResourceRequest, stored: Writable): Promise<Writable> {
  if (store === store.hub) return stored;
  await prepared(store, [stored]);
  return fromStored(store, copyOf(stored)) as Writable;
}

/** Custom resources are looked at as a whole, and say themselves what is wrong with them. */
function checkedReplicas({ info, store }: ResourceRequest, { spec }: Scale): number {
  const replicas = spec?.replicas ?? 0;
  if (replicas >= 0 || store.isCustom) return replicas;
  const error = fieldInvalid('spec.replicas', replicas, 'must be greater than or equal to 0');
  throw invalid({ group: 'autoscaling', kind: 'Scale' }, info.name, [error]);
}

async function wholeScale(request: ResourceRequest): Promise<() => Scale> {
  const body = await decodeBody(request, scaleKind);
  checkName(request, body);
  checkNamespace(request, body);
  return () => body as Scale;
}

/** Stands for replicas that are not there, in a Scale that is to be patched. */
const noReplicas = -(2 ** 31);

async function patchedScale(request: ResourceRequest, rules: ScaleRules<unknown>): Promise<(current: Writable) => Scale> {
  const store = { kind: { ...request.store.kind, ...scaleKind } } as typeof request.store;
  const type = mediaType(header(request, 'content-type'));
  const patch = preparePatch(request.decoder, store, { type, body: await readPatch(request), fieldValidation: 'Warn' });
  return (current) => {
    const before = toScale(rules.isSet?.(current) === false ? { ...rules, replicas: () => noReplicas } : rules, current);
    const scale = decodePatched(request.decoder, scaleKind, patch, before, 'Ignore').object as Scale;
    if (scale.spec?.replicas === noReplicas) throw badRequest(`the spec replicas field ${goQuote(rules.path)} cannot be empty`);
    return scale;
  };
}

/** An applied Scale is an apply of the replicas alone. */
async function applyScale(request: ResourceRequest, rules: ScaleRules<unknown>): Promise<Writable> {
  const { info, store, registry, decoder } = request;
  const config = await readConfiguration(request);
  const { apiVersion, kind } = config as { apiVersion?: string; kind?: string };
  if (apiVersion !== scaleKind.apiVersion || kind !== scaleKind.kind) throw badRequest(`invalid object type: ${apiVersion}, Kind=${kind}`);
  const scale = decoder.decode(scaleKind, config, noComplaints, 'Strict').object as Scale;
  if (scale.metadata.managedFields) throw badRequest('metadata.managedFields must be nil');
  const { uid, resourceVersion } = scale.metadata;
  const identity = { name: info.name, ...(uid ? { uid } : {}), ...(resourceVersion ? { resourceVersion } : {}) };
  const parent = { apiVersion: store.kind.apiVersion, kind: store.kind.kind, metadata: identity, spec: {} };
  if (scale.spec?.replicas !== undefined) rules.setReplicas(parent, checkedReplicas(request, scale));
  const written = await apply(registry, store, info.name, {
    config: parent,
    force: isTrue(info.query.get('force')),
    request: { ...writeRequest(request, 'apply'), subresource: '' },
    shape: (merged) => decoder.decode(store.kind, merged, noComplaints, 'Ignore').object as Writable,
    mayCreate: () => Promise.reject(refused()),
  });
  return written.object;
}

function toScale(rules: ScaleRules<unknown>, object: Writable): Scale {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const selector = rules.selector(object);
  const replicas = rules.replicas(object);
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: replicas === 0 ? {} : { replicas },
    status: { replicas: rules.statusReplicas(object), ...(selector ? { selector } : {}) },
  };
}
