import type { Clock } from '@keelson/base';
import { conflict, type FieldError, fieldRequired, fieldUnsupported, invalid } from '@keelson/machinery';
import { Binding, Pod } from '@keelson/types';
import { answerTo, decodeBody, writeRequest } from '../../http/request.ts';
import type { ResourceHandler } from '../../http/resource-request.ts';
import { sendJson } from '../../http/respond.ts';
import type { Writable } from '../../registry/writable.ts';
import { rewrite } from '../../registry/write.ts';
import { setCondition } from '../conditions.ts';

/** `POST pods/<name>/binding`, and `POST bindings` with the pod's name in the body: puts a pod on a node, once. */
export const bindPod: ResourceHandler = async (request) => {
  const { registry } = request;
  const binding = (await decodeBody(request, Binding)) as unknown as Binding;
  const name = request.info.name || (binding.metadata.name ?? '');
  checkTarget(binding, name);
  const attributes = {
    operation: 'CREATE' as const,
    ...{ store: request.store, object: binding, old: undefined, name },
    ...writeRequest(request),
  };
  for (const phase of ['admit', 'validate'] as const) await registry.admission[phase](attributes);
  const change = (current: Writable): void => {
    checkBindable(current as Pod, binding, name);
    bind(current as Pod, binding, request.clock);
  };
  await rewrite(registry, registry.of(Pod), name, change, writeRequest(request));
  await sendJson(answerTo(request), 201, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 });
};

function checkTarget({ target }: Binding, name: string): void {
  const { name: node, kind } = target ?? {};
  const errors: FieldError[] = [];
  if (kind && kind !== 'Node') errors.push(fieldUnsupported('target.kind', kind, ['Node', '<empty>']));
  if (!node) errors.push(fieldRequired('target.name'));
  if (errors.length > 0) throw invalid({ group: '', kind: 'Binding' }, name, errors);
}

/** @throws StatusError Conflict for a pod that cannot be bound, or is not the one that was meant. */
function checkBindable({ metadata, spec }: Pod, { metadata: meant }: Binding, name: string): void {
  const refuse = (why: string): Error => conflict({ group: '', resource: 'pods/binding' }, name, why);
  if (meant.uid && meant.uid !== metadata.uid)
    throw refuse(`Precondition failed: UID in precondition: ${meant.uid}, UID in object meta: ${metadata.uid}`);
  if (meant.resourceVersion && meant.resourceVersion !== metadata.resourceVersion)
    throw refuse(
      `Precondition failed: ResourceVersion in precondition: ${meant.resourceVersion}, ResourceVersion in object meta: ${metadata.resourceVersion}`,
    );
  if (metadata.deletionTimestamp) throw refuse(`pod ${name} is being deleted, cannot be assigned to a host`);
  if (spec.nodeName) throw refuse(`pod ${name} is already assigned to node "${spec.nodeName}"`);
  if (spec.schedulingGates?.length) throw refuse(`pod ${name} has non-empty .spec.schedulingGates`);
}

/** The pod gets the binding's annotations and labels, over its own. Where it might have gone is of no interest any more. */
function bind(pod: Pod, { metadata, target }: Binding, clock: Clock): void {
  pod.spec.nodeName = target.name;
  for (const member of ['annotations', 'labels'] as const)
    if (metadata[member]) pod.metadata[member] = { ...pod.metadata[member], ...metadata[member] };
  const conditions = setCondition(pod.status?.conditions ?? [], { type: 'PodScheduled', status: 'True' }, clock);
  pod.status = { ...pod.status, nominatedNodeName: undefined, conditions };
}
