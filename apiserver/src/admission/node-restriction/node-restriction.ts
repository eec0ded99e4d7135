import { equal, forbidden } from '@keelson/machinery';
import { parseCSR } from '@keelson/pki';
import { CertificateSigningRequest, CSINode, Lease, Node, PersistentVolumeClaim, Pod, ResourceSlice, ServiceAccount } from '@keelson/types';
import { nodeNameOf } from '../../auth/node/node.ts';
import type { Services } from '../../http/services.ts';
import type { AdmissionPlugin } from '../types.ts';
import { checkAudience } from './node-audiences.ts';
import { checkPod, checkToken } from './node-restriction-pods.ts';
import type { NodeWrite } from './node-write.ts';

const checks: Readonly<Record<string, (write: NodeWrite) => void>> = {
  [Node.typeName]: checkNode,
  [Pod.typeName]: checkPod,
  [ServiceAccount.typeName]: checkToken,
  [PersistentVolumeClaim.typeName]: checkClaim,
  [Lease.typeName]: checkLease,
  [CSINode.typeName]: checkCSINode,
  [ResourceSlice.typeName]: checkSlice,
  [CertificateSigningRequest.typeName]: checkRequest,
};

/**
 * A kubelet changes only what is its own: its node, its lease, the pods that run on it. What it may write at all, authorization decided;
 * here is what that could not see, which is all that stands in the object.
 */
export function nodeRestriction(authorize: Services['authorize']): AdmissionPlugin {
  return {
    name: 'NodeRestriction',
    admit(attributes) {
      const { user, store, name, subresource } = attributes;
      const node = nodeNameOf(user);
      if (node === undefined) return undefined;
      const refuse = (why: string): never => {
        throw forbidden(store.groupResource, name, why);
      };
      if (node === '') refuse(`could not determine node from user ${JSON.stringify(user.name)}`);
      const write = { ...attributes, node, refuse };
      checks[store.kind.typeName]?.(write);
      return subresource === 'token' ? checkAudience(write, authorize) : undefined;
    },
  };
}

function checkNode({ operation, name, object, old, node, refuse }: NodeWrite): void {
  if (name !== node) refuse(`node "${node}" is not allowed to modify node "${name}"`);
  const [next, before] = [object as Node, old as Node];
  if (operation === 'CREATE') {
    const set = Object.keys(next.metadata.labels ?? {}).filter(isForbiddenLabel);
    if (set.length > 0) refuse(`is not allowed to set the following labels: ${set.sort().join(', ')}`);
  }
  if (operation !== 'UPDATE') return;
  if (!equal(next.spec?.taints, before.spec?.taints)) refuse(`node "${node}" is not allowed to modify taints`);
  if (!equal(next.metadata.ownerReferences ?? [], before.metadata.ownerReferences ?? []))
    refuse(`node "${node}" is not allowed to modify ownerReferences`);
  const [labels, had] = [next.metadata.labels ?? {}, before.metadata.labels ?? {}];
  const changed = Object.keys({ ...labels, ...had }).filter((key) => labels[key] !== had[key] && isForbiddenLabel(key));
  if (changed.length > 0) refuse(`is not allowed to modify labels: ${changed.sort().join(', ')}`);
}

/** Labels below kubernetes.io and k8s.io that a kubelet knows of its own node. */
const kubeletLabels = new Set([
  'beta.kubernetes.io/arch',
  'beta.kubernetes.io/instance-type',
  'beta.kubernetes.io/os',
  'failure-domain.beta.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'kubernetes.io/arch',
  'kubernetes.io/hostname',
  'kubernetes.io/os',
  'topology.kubernetes.io/region',
  'topology.kubernetes.io/zone',
]);

function isForbiddenLabel(label: string): boolean {
  const domain = label.includes('/') ? label.slice(0, label.indexOf('/')) : '';
  const isIn = (...parents: readonly string[]): boolean => parents.some((parent) => domain === parent || domain.endsWith(`.${parent}`));
  if (isIn('node-restriction.kubernetes.io')) return true;
  return isIn('kubernetes.io', 'k8s.io') && !isIn('kubelet.kubernetes.io', 'node.kubernetes.io') && !kubeletLabels.has(label);
}

function checkLease({ namespace, name, node, refuse }: NodeWrite): void {
  if (namespace !== 'kube-node-lease') refuse('can only access leases in the "kube-node-lease" system namespace');
  if (name !== node) refuse('can only access node lease with the same name as the requesting node');
}

function checkCSINode({ name, node, refuse }: NodeWrite): void {
  if (name !== node) refuse('can only access CSINode with the same name as the requesting node');
}

function checkSlice({ operation, object, old, node, refuse }: NodeWrite): void {
  const verb = operation === 'DELETE' ? 'delete' : 'create';
  const slices = [object, old].filter((one) => one !== undefined) as ResourceSlice[];
  if (slices.some(({ spec }) => spec.nodeName !== node))
    refuse(`can only ${verb} ResourceSlice with the same NodeName as the requesting node`);
}

/** A kubelet that grew a volume tells how large it is now. */
function checkClaim({ subresource, object, old, node, refuse }: NodeWrite): void {
  if (subresource !== 'status' || !object || !old) return;
  const rest = (claim: PersistentVolumeClaim): object => {
    const { capacity: _capacity, conditions: _conditions, allocatedResourceStatuses: _growing, ...status } = claim.status ?? {};
    return { ...claim, metadata: undefined, status };
  };
  const [next, before] = [object as PersistentVolumeClaim, old as PersistentVolumeClaim];
  // Who manages which field follows from the change itself.
  const lasting = ({ metadata }: PersistentVolumeClaim): object => ({ ...metadata, resourceVersion: undefined, managedFields: undefined });
  if (!equal(lasting(next), lasting(before))) refuse(`node "${node}" is not allowed to update metadata on persistentvolumeclaims`);
  if (!equal(rest(next), rest(before)))
    refuse(`node "${node}" is not allowed to update fields other than status.quantity and status.conditions`);
}

const nodeSigners = ['kubernetes.io/kube-apiserver-client-kubelet', 'kubernetes.io/kubelet-serving'];

/** A node asks for certificates in its own name alone. */
function checkRequest({ operation, object, user, refuse }: NodeWrite): void {
  const { spec } = (object ?? {}) as Partial<CertificateSigningRequest>;
  if (operation !== 'CREATE' || !spec || !nodeSigners.includes(spec.signerName)) return;
  if (commonNameOf(spec.request) !== user.name) refuse(`can only create a node CSR with CN=${user.name}`);
}

/** Undefined when it is no request: validation says so. */
function commonNameOf(request: string): string | undefined {
  try {
    return parseCSR(Buffer.from(request, 'base64').toString()).commonName;
  } catch {
    return undefined;
  }
}
