import { forbidden } from '@keelson/machinery';
import { Lease, Node, Pod } from '@keelson/types';
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
    if (store.kind.typeName === Node.typeName && name !== node) refuse(`node "${node}" is not allowed to modify node "${name}"`);
    if (store.kind.typeName === Lease.typeName && (namespace !== 'kube-node-lease' || name !== node))
      refuse(`can only access node lease with the same name as the requesting node`);
    if (store.kind.typeName === Pod.typeName) checkPod(attributes, node, registry.read(Pod, namespace, name), refuse);
  },
};

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
