import { fieldInvalid, invalid } from '@keelson/machinery';
import type { Scale } from '@keelson/types';
import type { ScaleRules } from '../kinds/types.ts';
import { get } from '../registry/read.ts';
import { update, type Writable } from '../registry/write.ts';
import { mediaType, readBody } from './body.ts';
import { negotiate } from './negotiate.ts';
import { decodePatched, preparePatch } from './patch.ts';
import { answerTo, decodeBody, header, refused, writeRequest } from './resources.ts';
import { sendJson } from './respond.ts';
import type { ResourceRequest } from './types.ts';

const scaleKind = { kind: 'Scale', apiVersion: 'autoscaling/v1', typeName: 'autoscaling.v1.Scale' };

/** `autoscaling/v1 Scale` as a view of a kind that has replicas: get, update, patch. */
export async function serveScale(request: ResourceRequest): Promise<void> {
  const { info, store, registry } = request;
  const form = negotiate(header(request, 'accept'), false);
  const rules = store.definition.scale as ScaleRules<unknown>;
  if (info.verb === 'get') {
    const entry = await get(registry, store, info.namespace, info.name, info.query.get('resourceVersion') ?? '');
    return sendJson(answerTo(request, form.yaml), 200, toScale(rules, JSON.parse(entry.wire.toString()) as Writable));
  }
  if (info.verb !== 'update' && info.verb !== 'patch') throw refused();
  const wanted = info.verb === 'update' ? wholeScale(await decodeBody(request, scaleKind)) : await patchedScale(request, rules);
  const apply = (current: Writable): Writable => {
    const scale = wanted(current);
    const replicas = scale.spec?.replicas ?? 0;
    if (replicas < 0) {
      const error = fieldInvalid('spec.replicas', replicas, 'must be greater than or equal to 0');
      throw invalid({ group: 'autoscaling', kind: 'Scale' }, info.name, [error]);
    }
    rules.setReplicas(current, replicas);
    current.metadata.resourceVersion = scale.metadata.resourceVersion;
    return current;
  };
  const { object } = await update(registry, store, info.name, { apply }, { ...writeRequest(request), subresource: '' });
  await sendJson(answerTo(request, form.yaml), 200, toScale(rules, object));
}

function wholeScale(body: Writable): (current: Writable) => Scale {
  return () => body as Scale;
}

async function patchedScale(request: ResourceRequest, rules: ScaleRules<unknown>): Promise<(current: Writable) => Scale> {
  const store = { kind: { ...request.store.kind, ...scaleKind } } as typeof request.store;
  const patch = preparePatch(request.decoder, store, mediaType(header(request, 'content-type')), await readBody(request.request));
  return (current) => decodePatched(request.decoder, scaleKind, patch, toScale(rules, current), 'Ignore').object as Scale;
}

function toScale(rules: ScaleRules<unknown>, object: Writable): Scale {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const selector = rules.selector(object);
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: rules.replicas(object) },
    status: { replicas: rules.statusReplicas(object), ...(selector ? { selector } : {}) },
  };
}
