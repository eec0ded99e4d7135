import { equal, notFound } from '@keelson/machinery';
import { Node, Pod, type TokenRequest } from '@keelson/types';
import { namedBy } from '../../auth/node/node-references.ts';
import type { NodeWrite } from './node-write.ts';

const mirror = 'kubernetes.io/config.mirror';

/** A kubelet makes mirrors of its static pods, and deletes, evicts and reports on pods that run on its node. */
export function checkPod(write: NodeWrite): void {
  if (write.operation === 'CREATE' && write.subresource === '') checkMirror(write);
  else checkPresent(write);
}

function checkPresent({ operation, subresource, registry, namespace, name, object, old, node, refuse }: NodeWrite): void {
  if (operation === 'UPDATE' && subresource === '')
    refuse(`unexpected operation "UPDATE", node "${node}" can only create and delete mirror pods`);
  const act = operation === 'DELETE' ? 'delete' : subresource === 'eviction' ? 'evict' : 'update status for';
  const present = (old as Pod | undefined) ?? registry.read(Pod, namespace, name);
  if (present && present.spec.nodeName !== node) refuse(`node "${node}" can only ${act} pods with spec.nodeName set to itself`);
  if (subresource !== 'status' || !object || !old) return;
  const [next, before] = [object as Pod, old as Pod];
  if (!equal(next.metadata.labels ?? {}, before.metadata.labels ?? {})) refuse(`node "${node}" cannot update labels through pod status`);
  if (!equal(next.status?.resourceClaimStatuses ?? [], before.status?.resourceClaimStatuses ?? []))
    refuse(`node "${node}" cannot update resource claim statuses`);
}

/** A mirror stands for a file on the node: it is its node's, and gives the kubelet nothing else to read. */
function checkMirror({ object, registry, node, refuse }: NodeWrite): void {
  const pod = object as Pod;
  if (!pod.metadata.annotations?.[mirror]) refuse(`pod does not have "${mirror}" annotation, node "${node}" can only create mirror pods`);
  if (pod.spec.nodeName !== node) refuse(`node "${node}" can only create pods with spec.nodeName set to itself`);
  const [owner, ...others] = pod.metadata.ownerReferences ?? [];
  if (others.length > 0) refuse(`node "${node}" can only create pods with a single owner reference set to itself`);
  if (owner?.apiVersion !== 'v1' || owner.kind !== 'Node' || owner.name !== node)
    refuse(`node "${node}" can only create pods with an owner reference set to itself`);
  if (!owner?.controller) refuse(`node "${node}" can only create pods with a controller owner reference set to itself`);
  if (owner?.blockOwnerDeletion) refuse(`node "${node}" must not set blockOwnerDeletion on an owner reference`);
  const uid = registry.read(Node, '', node)?.metadata.uid;
  if (uid === undefined) throw notFound({ group: '', resource: 'nodes' }, node);
  if (owner?.uid !== uid) refuse(`node "${node}" UID mismatch: expected ${owner?.uid} got ${uid}`);
  const [named] = namedBy(pod);
  if (named) refuse(`node "${node}" can not create pods that reference ${named[0] === 'serviceaccounts' ? 'a service account' : named[0]}`);
}

/** A kubelet asks tokens for pods it runs, and only so that they die with the pod. */
export function checkToken({ subresource, object, registry, namespace, node, refuse }: NodeWrite): void {
  if (subresource !== 'token') return;
  const bound = (object as TokenRequest).spec?.boundObjectRef ?? {};
  if (bound.apiVersion !== 'v1' || bound.kind !== 'Pod' || !bound.name) refuse('node requested token not bound to a pod');
  if (!bound.uid) refuse('node requested token with a pod binding without a uid');
  const pod = registry.read(Pod, namespace, bound.name ?? '');
  if (!pod) throw notFound({ group: '', resource: 'pods' }, bound.name ?? '');
  if (pod.metadata.uid !== bound.uid)
    refuse(
      `the UID in the bound object reference (${bound.uid}) does not match the UID in record. The object might have been deleted and then recreated`,
    );
  if (pod.spec.nodeName !== node) refuse('node requested token bound to a pod scheduled on a different node');
}
