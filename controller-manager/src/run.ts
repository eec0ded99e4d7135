import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { isAbort } from '@keelson/base';
import {
  type Api,
  connectionOf,
  createApi,
  httpTransport,
  type Kubeconfig,
  loadKubeconfig,
  resolveContext,
  type Transport,
  transportFor,
} from '@keelson/client';
import {
  type Component,
  type ComponentContext,
  leaderElectionStatus,
  type OptionValues,
  restClientRequests,
  serveSecurePort,
} from '@keelson/component';
import { type Credential, issueTemporary } from '@keelson/pki';
import { runElected } from '@keelson/runtime';
import { signers } from './certificate-requests.ts';
import type { ControllerConfig } from './controllers/types.ts';
import { serviceAccountTokens } from './credentials.ts';
import { inert } from './inert.ts';
import { createControllerManager } from './manager.ts';
import { observeQueues } from './metrics.ts';
import { options } from './options.ts';
import { metadataOnly, observed } from './transports.ts';

type Options = typeof options;
type Context = ComponentContext<Options>;
type Values = OptionValues<Options>;

/** kube-controller-manager as a process. */
export const component: Component<Options> = {
  name: 'kube-controller-manager',
  options,
  inert,
  async run(context) {
    const { options: values, clock, signal } = context;
    const config = controllerConfig(values);
    const connections = connect(context, loadKubeconfig(values.kubeconfig || undefined));
    try {
      await serveSecurePort(context, connections.api, () => issueTemporary('kube-controller-manager', { dnsNames: [hostname()] }, clock));
      const status = leaderElectionStatus(context.metrics);
      const tell = (name: string, leading: 0 | 1): void => status.set({ name }, leading);
      await runElected(context, connections.api, hostname(), tell, (leading) => runManager(context, connections, config, leading));
    } catch (error) {
      if (!(signal.aborted && (isAbort(error) || error === signal.reason))) throw error;
    } finally {
      connections.close();
    }
  },
};

interface Connections {
  readonly api: Api;
  readonly metadata: Api;
  apiFor(serviceAccount: string): Api;
  close(): void;
}

/** One transport for the manager's own identity, and one for each service account, which shares nothing but the server's address. */
function connect({ options: values, clock, metrics }: Context, config: Kubeconfig): Connections {
  const requests = restClientRequests(metrics);
  const {
    certData: _c,
    keyData: _k,
    token: _t,
    tokenFile: _f,
    username: _u,
    password: _p,
    ...server
  } = connectionOf(resolveContext(config));
  const { host } = new URL(server.server);
  const counted = (transport: Transport): Transport => observed(transport, (method, code) => requests.inc({ method, code, host }));
  const open: Transport[] = [counted(transportFor(config))];
  const own = open[0] as Transport;
  const api = createApi(own, { clock });
  const accounts = new Map<string, Api>();
  const apiFor = (name: string): Api => {
    if (!values['use-service-account-credentials']) return api;
    const known = accounts.get(name);
    if (known) return known;
    const tokens = serviceAccountTokens(api, name, clock);
    const userAgent = `kube-controller-manager/system:serviceaccount:kube-system:${name}`;
    const transport = counted(httpTransport({ ...server, tokenSource: tokens.get, onUnauthorized: tokens.forget, userAgent, clock }));
    open.push(transport);
    const made = createApi(transport, { clock });
    accounts.set(name, made);
    return made;
  };
  return {
    api,
    metadata: createApi(metadataOnly(own), { clock }),
    apiFor,
    close: () => open.forEach((transport) => void transport.close()),
  };
}

function runManager(
  context: Context,
  { api, metadata, apiFor }: Connections,
  config: ControllerConfig,
  signal: AbortSignal,
): Promise<void> {
  const { options: values, clock, random, log, metrics } = context;
  const observe = observeQueues(metrics);
  const deps = { api, metadata, apiFor, clock, random, log, config, controllers: values.controllers, observe, metrics };
  return createControllerManager(deps).run(signal);
}

/** @throws for a flag that says nothing sensible, naming it. */
export function controllerConfig(values: Values): ControllerConfig {
  const rootCA = values['root-ca-file'];
  const mask = values['node-cidr-mask-size'];
  const clusterCIDRs = values['cluster-cidr'];
  if (values['allocate-node-cidrs'] && clusterCIDRs.length === 0)
    throw new Error('--cluster-cidr must be given with --allocate-node-cidrs');
  const suffix = '-syncs';
  const concurrency = Object.entries(values).filter(([name]) => name.startsWith('concurrent-') && name.endsWith(suffix));
  return {
    ...(rootCA ? { rootCA: readFileSync(rootCA, 'utf8') } : {}),
    terminatedPodThreshold: values['terminated-pod-gc-threshold'],
    maxEndpointsPerSlice: values['max-endpoints-per-slice'],
    nodeMonitorGracePeriod: values['node-monitor-grace-period'],
    nodeStartupGracePeriod: values['node-startup-grace-period'],
    nodeEvictionRate: values['node-eviction-rate'],
    allocateNodeCIDRs: values['allocate-node-cidrs'],
    clusterCIDRs,
    nodeCIDRMaskSize: { 4: values['node-cidr-mask-size-ipv4'] || mask || 24, 6: values['node-cidr-mask-size-ipv6'] || mask || 64 },
    horizontalPodAutoscaler: autoscalerConfig(values),
    signing: signingConfig(values),
    concurrency: Object.fromEntries(concurrency.map(([name, value]) => [name.slice('concurrent-'.length, -suffix.length), Number(value)])),
  };
}

function signingConfig(values: Values): ControllerConfig['signing'] {
  const common = credential(values['cluster-signing-cert-file'], values['cluster-signing-key-file']);
  const own = (name: 'kubelet-client' | 'kubelet-serving' | 'kube-apiserver-client' | 'legacy-unknown'): Credential | undefined => {
    const specific = credential(values[`cluster-signing-${name}-cert-file`], values[`cluster-signing-${name}-key-file`]);
    if (specific && common)
      throw new Error(`cannot specify --cluster-signing-{cert,key}-file and --cluster-signing-${name}-{cert,key}-file`);
    return specific ?? common;
  };
  const chosen = [
    [signers.kubeletClient, own('kubelet-client')],
    [signers.kubeletServing, own('kubelet-serving')],
    [signers.client, own('kube-apiserver-client')],
    [signers.legacy, own('legacy-unknown')],
  ] as const;
  const authorities = Object.fromEntries(chosen.flatMap(([signer, authority]) => (authority ? [[signer, authority]] : [])));
  return { authorities, duration: values['cluster-signing-duration'] };
}

function credential(certFile: string, keyFile: string): Credential | undefined {
  if (!certFile && !keyFile) return undefined;
  if (!certFile || !keyFile) throw new Error('the certificate and the key of a signing authority must be given together');
  return { certPem: readFileSync(certFile, 'utf8'), keyPem: readFileSync(keyFile, 'utf8') };
}

function autoscalerConfig(values: Values): ControllerConfig['horizontalPodAutoscaler'] {
  return {
    syncPeriod: values['horizontal-pod-autoscaler-sync-period'],
    downscaleStabilization: values['horizontal-pod-autoscaler-downscale-stabilization'],
    tolerance: values['horizontal-pod-autoscaler-tolerance'],
    cpuInitializationPeriod: values['horizontal-pod-autoscaler-cpu-initialization-period'],
    initialReadinessDelay: values['horizontal-pod-autoscaler-initial-readiness-delay'],
  };
}
