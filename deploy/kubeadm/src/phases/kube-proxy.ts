import { readFile } from 'node:fs/promises';
import type { Api } from '@keelson/client';
import { ServiceAccount, TokenRequest } from '@keelson/types';
import { kubeconfigFor } from '../kubeconfigs.ts';
import { put } from '../objects/put.ts';
import { kubeProxyKubeconfig } from '../services/plan.ts';
import { type Context, stableServer, writeKubeconfig } from './context.ts';
import { startServices } from './processes.ts';

const account = { name: 'kube-proxy', namespace: 'kube-system' };

/** As long as the certificates that kubeadm makes. */
const tokenSeconds = 365 * 86_400;

export async function ensureKubeProxyAccount(api: Api): Promise<void> {
  await put(api, ServiceAccount, { metadata: account });
}

/** Starts kube-proxy as a service account of its own. `api` may ask for its token. */
export async function startKubeProxy(context: Context, api: Api, server: string = stableServer(context.machine)): Promise<void> {
  const { layout, machine } = context;
  const request: TokenRequest = { metadata: account, spec: { audiences: [], expirationSeconds: tokenSeconds } };
  const { status } = await api.create(TokenRequest, request, { subresource: 'token' });
  if (!status?.token) throw new Error('the API server gave kube-proxy no token');
  const caPem = await readFile(`${layout.pki}/ca.crt`, 'utf8');
  const target = { clusterName: machine.cluster.clusterName, server, caPem };
  await writeKubeconfig(kubeProxyKubeconfig(layout), kubeconfigFor(target, 'kube-proxy', { token: status.token }));
  await startServices(context, ['kube-proxy']);
}
