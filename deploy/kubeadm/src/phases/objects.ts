import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Api } from '@keelson/client';
import { parseToken } from '@keelson/pki';
import { ClusterRole, ClusterRoleBinding, ConfigMap, Node, Role, RoleBinding, Secret } from '@keelson/types';
import { clusterInfo, kubeadmConfig, kubeletConfig, kubeProxyConfig } from '../objects/config-maps.ts';
import { put } from '../objects/put.ts';
import { adminsBinding, certificatesGrant, clusterBindings, clusterRoles, grants } from '../objects/rbac.ts';
import { defaultNodeTokenGroup, type Token, tokenSecret, tokenUsages } from '../objects/tokens.ts';
import { certsKey, sharedFiles, uploadedCerts } from '../objects/uploaded-certs.ts';
import { type Context, stableServer } from './context.ts';

/** Lets kubeadm's own administrators in; called as who needs no leave. */
export async function bindAdmins(api: Api): Promise<void> {
  await put(api, ClusterRoleBinding, adminsBinding);
}

export async function uploadConfig({ machine }: Context, api: Api): Promise<void> {
  for (const make of [kubeadmConfig, kubeletConfig, kubeProxyConfig]) await put(api, ConfigMap, make(machine.cluster));
}

/** A token from its text, for machines to join with. `ttl`: milliseconds, 0: for ever. */
export function joinToken(text: string, ttl: number, now: number, description: string): Token {
  const token = parseToken(text);
  if (!token) throw new Error(`not a bootstrap token: ${text}`);
  return {
    ...token,
    description,
    ...(ttl === 0 ? {} : { expires: now + ttl }),
    usages: tokenUsages,
    groups: [defaultNodeTokenGroup],
  };
}

/** The token, what may be done with it, and where those who have it find the cluster. */
export async function makeJoinable(context: Context, api: Api, token: Token): Promise<void> {
  const { machine, layout } = context;
  await put(api, Secret, tokenSecret(token));
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
  const owner = { ...joinToken(newToken, uploadLifeMs, clock.now(), description), usages: [], groups: [] };
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
  const patch = { metadata: { labels }, spec: { taints: [{ key: roleLabel, effect: 'NoSchedule' }] } };
  await api.patch(Node, { name: machine.nodeName }, 'application/strategic-merge-patch+json', patch);
}
