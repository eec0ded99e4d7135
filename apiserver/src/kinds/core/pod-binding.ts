import { conflict, type FieldError, fieldRequired, fieldUnsupported, invalid } from '@keelson/machinery';
import { Binding, Pod } from '@keelson/types';
import { answerTo, decodeBody, writeRequest } from '../../http/resources.ts';
import { sendJson } from '../../http/respond.ts';
import type { ResourceHandler } from '../../http/types.ts';
import { update, type Writable } from '../../registry/write.ts';
import { setCondition } from '../conditions.ts';

/** `POST pods/<name>/binding`, and `POST bindings` with the pod's name in the body: puts a pod on a node, once. */
export const bindPod: ResourceHandler = async (request) => {
  const { registry, clock } = request;
  const store = registry.of(Pod);
  const binding = (await decodeBody(request, Binding)) as unknown as Binding;
  const name = request.info.name || (binding.metadata.name ?? '');
  const { name: node, kind } = binding.target ?? {};
  const errors: FieldError[] = [];
  if (kind && kind !== 'Node') errors.push(fieldUnsupported('target.kind', kind, ['Node', '<empty>']));
  if (!node) errors.push(fieldRequired('target.name'));
  if (errors.length > 0) throw invalid({ group: '', kind: 'Binding' }, name, errors);
  const refuse = (why: string): Error => conflict({ group: '', resource: 'pods/binding' }, name, why);
  const apply = (current: Writable): Writable => {
    const pod = current as Pod;
    const { uid, deletionTimestamp } = pod.metadata;
    if (binding.metadata.uid && binding.metadata.uid !== uid)
      throw refuse(`Precondition failed: UID in precondition: ${binding.metadata.uid}, UID in object meta: ${uid}`);
    if (deletionTimestamp) throw refuse(`pod ${name} is being deleted, cannot be assigned to a host`);
    if (pod.spec.nodeName) throw refuse(`pod ${name} is already assigned to node "${pod.spec.nodeName}"`);
    if (pod.spec.schedulingGates?.length) throw refuse(`pod ${name} has non-empty .spec.schedulingGates`);
    pod.spec.nodeName = node;
    pod.metadata.annotations = binding.metadata.annotations
      ? { ...pod.metadata.annotations, ...binding.metadata.annotations }
      : pod.metadata.annotations;
    pod.status = { ...pod.status, conditions: setCondition(pod.status?.conditions ?? [], { type: 'PodScheduled', status: 'True' }, clock) };
    return current;
  };
  await update(registry, store, name, { apply }, { ...writeRequest(request), subresource: 'binding' });
  await sendJson(answerTo(request), 201, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 });
};
