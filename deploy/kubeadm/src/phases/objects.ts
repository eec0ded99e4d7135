import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Api } from '@keelson/client';
import { ClusterRole, ClusterRoleBinding, ConfigMap, Node, Role, RoleBinding, Secret } from '@keelson/types';
import { clusterInfo, kubeadmConfig, kubeletConfig, kubeProxyConfig } from '../objects/config-maps.ts';
import { put } from '../objects/put.ts';
import { adminsBinding, certificatesGrant, clusterBindings, clusterRoles, grants } from '../objects/rbac.ts';
import { type Token, tokenFor, tokenSecret } from '../objects/tokens.ts';
import { certsKey, sharedFiles, uploadedCerts } from '../objects/uploaded-certs.ts';
import { type Context, stableServer } from './context.ts';

/** Lets kubeadm's own administrators in; called as who needs no leave. */
export async function bindAdmins(api: Api): Promise<void> {
  await put(api, ClusterRoleBinding, adminsBinding);
}

export async function uploadConfig({ machine }: Context, api: Api): Promise<void> {
  const { cluster, kubeletConfiguration, kubeProxyConfiguration } = machine;
  await put(api, ConfigMap, kubeadmConfig(cluster));
  await put(api, ConfigMap, kubeletConfig(cluster, kubeletConfiguration));
  if (!cluster.kubeProxyDisabled) await put(api, ConfigMap, kubeProxyConfig(cluster, kubeProxyConfiguration));
}

/** The tokens, what may be done with them, and where those who have one find the cluster. */
export async function makeJoinable(context: Context, api: Api, tokens: readonly Token[]): Promise<void> {
  const { machine, layout } = context;
  for (const token of tokens) await put(api, Secret, tokenSecret(token));
  for (const role of clusterRoles) await put(api, ClusterRole, role);
  for (const binding of clusterBindings) await put(api, ClusterRoleBinding, binding);
  const caPem = await readFile(join(layout.pki, 'ca.crt'), 'utf8');
  await put(api, ConfigMap, clusterInfo({ server: stableServer(machine), caPem }));
  for (const { role, binding } of grants) {
    await put(api, Role, role);
    await put(api, RoleBinding, binding);
  }
}

const uploadLifeMs = 2 * 60 * 60 * 1000;

/** Leaves the control planes' certificates in the cluster for two hours, encrypted. */
export async function uploadCertificates(context: Context, api: Api, key: string, newToken: string): Promise<void> {
  const { layout, clock } = context;
  const files = new Map<string, Buffer>();
  for (const [name, path] of Object.entries(sharedFiles)) {
    const content = await readFile(join(layout.pki, path)).catch(() => undefined);
    if (content) files.set(name, content);
  }
  const description = 'Proxy for managing TTL for the kubeadm-certs secret';
  const owner = tokenFor({ token: newToken, ttl: uploadLifeMs, description, usages: [], groups: [] }, clock.now());
  const made = await api.create(Secret, tokenSecret(owner));
  await api.delete(Secret, certsKey).catch(() => undefined);
  await api.create(Secret, uploadedCerts(files, key, made));
  await put(api, Role, certificatesGrant.role);
  await put(api, RoleBinding, certificatesGrant.binding);
}

const roleLabel = 'node-role.kubernetes.io/control-plane';

/** Marks the machine's node, so that nothing runs on it that does not say it may. */
export async function markControlPlane({ machine }: Context, api: Api): Promise<void> {
  const labels = { [roleLabel]: '', 'node.kubernetes.io/exclude-from-external-load-balancers': '' };
  const { taints = [{ key: roleLabel, effect: 'NoSchedule' }] } = machine;
  const patch = { metadata: { labels }, ...(taints.length > 0 ? { spec: { taints } } : {}) };
  await api.patch(Node, { name: machine.nodeName }, 'application/strategic-merge-patch+json', patch);
}
