import { access, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { errorMessage } from '@keelson/base';
import { type Api, createApi, httpTransport } from '@keelson/client';
import { Refusal } from '@keelson/deploy-local';
import type { BootstrapToken } from '@keelson/pki';
import { Secret } from '@keelson/types';
import type { DiscoveredCluster } from '../discovery/discover.ts';
import { kubeconfigFor } from '../kubeconfigs.ts';
import { certsKey, openCerts, sharedFiles } from '../objects/uploaded-certs.ts';
import type { JoinOptions } from '../options.ts';
import { makeCertificates, makeKubeconfigs, writePrivate } from './certs.ts';
import { type Context, localServer, type Phase, waitFor, withApi, writeKubeconfig } from './context.ts';
import { startKubeProxy } from './kube-proxy.ts';
import { markControlPlane } from './objects.ts';
import { keepRunning, prepareProcesses, startControlPlane, startServices, untilReady } from './processes.ts';

export interface JoinContext extends Context {
  readonly options: JoinOptions;
  readonly cluster: DiscoveredCluster;
  readonly bootstrapToken: BootstrapToken;
  readonly print: (text: string) => void;
}

/** What `kubeadm join` does, in order; the machine has been checked and the cluster is trusted. */
export const joinPhases: readonly Phase<JoinContext>[] = [
  { name: 'certs', run: certs },
  { name: 'container-runtime', run: prepareProcesses },
  { name: 'control-plane', run: controlPlane },
  { name: 'kubelet-start', run: kubeletStart },
  { name: 'kube-proxy', run: kubeProxy },
  { name: 'mark-control-plane', run: mark },
  { name: 'keep-running', run: keepRunning },
  { name: 'finish', run: finish },
];

/** The cluster's authority; for a control plane, all that it shares with the others, and certificates of its own. */
async function certs(context: JoinContext): Promise<void> {
  const { options, layout, cluster, machine } = context;
  await writePrivate(join(layout.pki, 'ca.crt'), cluster.caPem);
  if (machine.role === 'worker') return;
  for (const [name, content] of await downloadCerts(context, options.certificateKey ?? '')) {
    const path = sharedFiles[name];
    if (path !== undefined) await writePrivate(join(layout.pki, path), content);
  }
  await makeCertificates(context);
  await makeKubeconfigs(context, ['admin', 'controller-manager', 'scheduler']);
}

async function downloadCerts(context: JoinContext, key: string): Promise<ReadonlyMap<string, Buffer>> {
  const secret = await asJoining(context, (api) => api.get(Secret, certsKey)).catch((error: unknown) => {
    const again = 'run kubeadm init phase upload-certs --upload-certs on a control plane again';
    throw new Refusal(`the control planes' certificates are not in the cluster, or no longer (${errorMessage(error)}): ${again}`);
  });
  const files = openCerts(secret, key);
  const missing = ['ca.crt', 'ca.key', 'front-proxy-ca.crt', 'front-proxy-ca.key', 'sa.key', 'sa.pub'].filter((name) => !files.has(name));
  if (missing.length > 0) throw new Refusal(`the uploaded certificates lack ${missing.join(', ')}`);
  return files;
}

async function controlPlane(context: JoinContext): Promise<void> {
  if (context.machine.role === 'control-plane') await startControlPlane(context, 'admin');
}

/** The kubelet gets its certificate with the token, and from then on needs neither the token nor us. */
async function kubeletStart(context: JoinContext): Promise<void> {
  const { layout, cluster, bootstrapToken, machine, clock, say } = context;
  const bootstrap = layout.kubeconfig('bootstrap-kubelet');
  const target = { clusterName: machine.cluster.clusterName, server: cluster.server, caPem: cluster.caPem };
  const { id, secret } = bootstrapToken;
  await writeKubeconfig(bootstrap, kubeconfigFor(target, 'tls-bootstrap-token-user', { token: `${id}.${secret}` }));
  const since = clock.now();
  await startServices(context, ['kubelet']);
  say("waiting for the kubelet's certificate");
  const written = (): Promise<true> => access(layout.kubeconfig('kubelet')).then(() => true);
  await waitFor(context, { what: 'the kubelet to get its certificate', service: 'kubelet', attempt: written });
  await rm(bootstrap);
  await untilReady(context, since);
}

async function kubeProxy(context: JoinContext): Promise<void> {
  if (context.machine.cluster.kubeProxyDisabled) return;
  await asJoining(context, (api) => startKubeProxy(context, api, context.cluster.server));
}

async function mark(context: JoinContext): Promise<void> {
  if (context.machine.role !== 'control-plane') return;
  await withApi(context, 'admin', (api) => markControlPlane(context, api), localServer(context.machine));
}

async function finish({ machine, print }: JoinContext): Promise<void> {
  const what = machine.role === 'control-plane' ? 'one more control plane of the cluster' : 'part of the cluster';
  print(`\nThis machine is ${what}, as node ${machine.nodeName}. See it with kubectl get nodes.\n`);
}

/** Calls the API server as who has the token. */
async function asJoining<T>({ cluster, bootstrapToken, clock }: JoinContext, use: (api: Api) => Promise<T>): Promise<T> {
  const { id, secret } = bootstrapToken;
  const transport = httpTransport({ server: cluster.server, caData: cluster.caPem, token: `${id}.${secret}` });
  try {
    return await use(createApi(transport, { clock }));
  } finally {
    transport.close();
  }
}
