import { neighbourGrant } from '@keelson/kubelet/network';
import type { ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, Subject } from '@keelson/types';
import { configKeys } from './config-maps.ts';
import { defaultNodeTokenGroup } from './tokens.ts';

const apiGroup = 'rbac.authorization.k8s.io';
const system = 'kube-system';

const group = (name: string): Subject => ({ apiGroup, kind: 'Group', name });
const joining = group(defaultNodeTokenGroup);
const nodes = group('system:nodes');

/** kubeadm's own administrators. */
export const adminsBinding: ClusterRoleBinding = bindCluster('kubeadm:cluster-admins', 'cluster-admin', [group('kubeadm:cluster-admins')]);

/** What a machine that comes with a token may do, and what nodes may have renewed without anybody being asked. */
export const clusterBindings: readonly ClusterRoleBinding[] = [
  bindCluster('kubeadm:kubelet-bootstrap', 'system:node-bootstrapper', [joining]),
  bindCluster('kubeadm:node-autoapprove-bootstrap', 'system:certificates.k8s.io:certificatesigningrequests:nodeclient', [joining]),
  bindCluster('kubeadm:node-autoapprove-certificate-rotation', 'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient', [
    nodes,
  ]),
  bindCluster('kubeadm:get-nodes', 'kubeadm:get-nodes', [joining]),
  neighbourGrant.binding,
  bindCluster('kubeadm:node-proxier', 'system:node-proxier', [{ kind: 'ServiceAccount', name: 'kube-proxy', namespace: system }]),
];

export const clusterRoles: readonly ClusterRole[] = [
  { metadata: { name: 'kubeadm:get-nodes' }, rules: [{ verbs: ['get'], apiGroups: [''], resources: ['nodes'] }] },
  neighbourGrant.role,
];

interface Grant {
  readonly role: Role;
  readonly binding: RoleBinding;
}

/** What may be read, and by whom, of the objects kubeadm leaves. */
export const grants: readonly Grant[] = [
  grant(configKeys.clusterInfo, 'kubeadm:bootstrap-signer-clusterinfo', [{ apiGroup, kind: 'User', name: 'system:anonymous' }]),
  grant(configKeys.kubeadm, 'kubeadm:nodes-kubeadm-config', [joining, nodes]),
  grant(configKeys.kubelet, 'kubeadm:kubelet-config', [nodes, joining]),
  // Upstream's nodes get theirs with the pod of it; ours read it again when they are upgraded.
  grant(configKeys.kubeProxy, 'kube-proxy', [joining, nodes]),
  // kube-proxy is no pod here, whose token the kubelet would renew: the machine that joins asks for one.
  grantRule(system, 'kubeadm:kube-proxy-token', [joining], {
    verbs: ['create'],
    apiGroups: [''],
    resources: ['serviceaccounts/token'],
    resourceNames: ['kube-proxy'],
  }),
];

/** Who may read the control planes' certificates, encrypted as they are. */
export const certificatesGrant: Grant = grantRule(system, 'kubeadm:kubeadm-certs', [joining], {
  verbs: ['get'],
  apiGroups: [''],
  resources: ['secrets'],
  resourceNames: ['kubeadm-certs'],
});

function grant({ name, namespace }: { name: string; namespace: string }, role: string, subjects: Subject[]): Grant {
  return grantRule(namespace, role, subjects, { verbs: ['get'], apiGroups: [''], resources: ['configmaps'], resourceNames: [name] });
}

function grantRule(namespace: string, name: string, subjects: Subject[], rule: PolicyRule): Grant {
  const metadata = { name, namespace };
  return { role: { metadata, rules: [rule] }, binding: { metadata, roleRef: { apiGroup, kind: 'Role', name }, subjects } };
}

function bindCluster(name: string, role: string, subjects: Subject[]): ClusterRoleBinding {
  return { metadata: { name }, roleRef: { apiGroup, kind: 'ClusterRole', name: role }, subjects };
}
