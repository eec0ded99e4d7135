import { equal, forbidden, notFound } from '@keelson/machinery';
import { Lease, Node, Pod, ServiceAccount, type TokenRequest } from '@keelson/types';
import type { AdmissionAttributes, AdmissionPlugin } from './types.ts';

const mirror = 'kubernetes.io/config.mirror';

/** A kubelet changes its own node, its own lease, and the pods that run on it. */
export const nodeRestriction: AdmissionPlugin = {
  name: 'NodeRestriction',
  admit(attributes) {
    const { user, store, registry, name, namespace } = attributes;
    if (!user.name.startsWith('system:node:') || !user.groups.includes('system:nodes')) return;
    const node = user.name.slice('system:node:'.length);
    const refuse = (why: string): never => {
      throw forbidden(store.groupResource, name, why);
    };
    const { typeName } = store.kind;
    if (typeName === Node.typeName) checkNode(attributes, node, refuse);
    if (typeName === Lease.typeName && (namespace !== 'kube-node-lease' || name !== node))
      refuse(`can only access node lease with the same name as the requesting node`);
    if (typeName === Pod.typeName) checkPod(attributes, node, registry.read(Pod, namespace, name), refuse);
    if (typeName === ServiceAccount.typeName && attributes.subresource === 'token') checkToken(attributes, node, refuse);
  },
};

const protectedPrefix = 'node-restriction.kubernetes.io/';

function checkNode({ operation, name, object, old }: AdmissionAttributes, node: string, refuse: (why: string) => never): void {
  if (name !== node) refuse(`node "${node}" is not allowed to modify node "${name}"`);
  if (operation !== 'UPDATE') return;
  const [next, before] = [object as Node, old as Node];
  if (!equal(next.spec?.taints, before.spec?.taints)) refuse(`node "${node}" is not allowed to modify taints`);
  const [labels, had] = [next.metadata.labels ?? {}, before.metadata.labels ?? {}];
  const changed = [...new Set([...Object.keys(labels), ...Object.keys(had)])].filter((key) => labels[key] !== had[key]);
  const forbiddenLabels = changed.filter((key) => (key.split('/')[0] ?? '').endsWith(protectedPrefix.slice(0, -1)));
  if (forbiddenLabels.length > 0) refuse(`is not allowed to modify labels: ${forbiddenLabels.sort().join(', ')}`);
}

/** A kubelet asks tokens for pods it runs, and only so that they die with the pod. */
function checkToken({ object, registry, namespace }: AdmissionAttributes, node: string, refuse: (why: string) => never): void {
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

function checkPod(
  { operation, object, subresource }: AdmissionAttributes,
  node: string,
  present: Pod | undefined,
  refuse: (why: string) => never,
): void {
  if (operation === 'CREATE' && subresource === '') {
    const pod = object as Pod;
    if (!pod.metadata.annotations?.[mirror]) refuse(`pod does not have "${mirror}" annotation, node "${node}" can only create mirror pods`);
    if (pod.spec.nodeName !== node) refuse(`node "${node}" can only create pods with spec.nodeName set to itself`);
    return;
  }
  if (present && present.spec.nodeName !== node)
    refuse(`node "${node}" can only ${operation === 'DELETE' ? 'delete' : 'update status for'} pods with spec.nodeName set to itself`);
}
