import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { hostname } from 'node:os';
import { type Clock, isAbort } from '@keelson/base';
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
  delegatedAuth,
  leaderElectionStatus,
  type OptionValues,
  restClientRequests,
  serveHealth,
} from '@keelson/component';
import { parseGoDuration } from '@keelson/machinery';
import { createCA, issue } from '@keelson/pki';
import { runWithLease } from '@keelson/runtime';
import type { ControllerConfig } from './controllers/types.ts';
import { serviceAccountTokens } from './credentials.ts';
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
  async run(context) {
    const { options: values, signal } = context;
    const config = controllerConfig(values);
    const connections = connect(context, loadKubeconfig(values.kubeconfig || undefined));
    try {
      await serve(context, connections.api);
      const work = (leading: AbortSignal): Promise<void> => runManager(context, connections, config, leading);
      if (values['leader-elect']) await lead(context, connections.api, work);
      else await work(signal);
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
  return createControllerManager({ api, metadata, apiFor, clock, random, log, config, controllers: values.controllers, observe }).run(
    signal,
  );
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
    nodeMonitorGracePeriod: duration(values, 'node-monitor-grace-period'),
    nodeStartupGracePeriod: duration(values, 'node-startup-grace-period'),
    nodeEvictionRate: values['node-eviction-rate'],
    allocateNodeCIDRs: values['allocate-node-cidrs'],
    clusterCIDRs,
    nodeCIDRMaskSize: { 4: values['node-cidr-mask-size-ipv4'] || mask || 24, 6: values['node-cidr-mask-size-ipv6'] || mask || 64 },
    concurrency: Object.fromEntries(concurrency.map(([name, value]) => [name.slice('concurrent-'.length, -suffix.length), Number(value)])),
  };
}

type DurationFlag =
  | 'node-monitor-grace-period'
  | 'node-startup-grace-period'
  | `leader-elect-${'lease-duration' | 'renew-deadline' | 'retry-period'}`;

function duration(values: Values, name: DurationFlag): number {
  try {
    return parseGoDuration(values[name]);
  } catch (error) {
    throw new Error(`invalid argument ${JSON.stringify(values[name])} for "--${name}" flag`, { cause: error });
  }
}

async function lead(
  { options: values, clock, random, log, metrics, signal }: Context,
  api: Api,
  work: (leading: AbortSignal) => Promise<void>,
): Promise<void> {
  const name = values['leader-elect-resource-name'];
  const election = {
    lease: { name, namespace: values['leader-elect-resource-namespace'] },
    identity: `${hostname()}_${random.uuid()}`,
    leaseDuration: duration(values, 'leader-elect-lease-duration'),
    renewDeadline: duration(values, 'leader-elect-renew-deadline'),
    retryPeriod: duration(values, 'leader-elect-retry-period'),
  };
  const status = leaderElectionStatus(metrics);
  status.set({ name }, 0);
  const working = async (leading: AbortSignal): Promise<void> => {
    status.set({ name }, 1);
    await work(leading).finally(() => status.set({ name }, 0));
  };
  await runWithLease(api, election, clock, log, signal, working, random);
}

async function serve({ options: values, clock, log, metrics, signal }: Context, api: Api): Promise<void> {
  if (values['secure-port'] === 0) return;
  const asker = values['authorization-kubeconfig'] || values['authentication-kubeconfig'];
  const auth = delegatedAuth({ api: asker ? createApi(transportFor(loadKubeconfig(asker)), { clock }) : api, clock, log });
  const server = await serveHealth({
    port: values['secure-port'],
    bindAddress: values['bind-address'],
    tls: await certificate(values, clock),
    ...(values['client-ca-file'] ? { clientCA: readFileSync(values['client-ca-file'], 'utf8') } : {}),
    metrics,
    log,
    checks: [],
    authorize: (request: IncomingMessage) => auth.check(request),
  });
  signal.addEventListener('abort', () => void server.close(), { once: true });
}

/** The one given, or one that lasts as long as this process will. */
async function certificate(values: Values, clock: Clock): Promise<{ readonly cert: string; readonly key: string }> {
  const [cert, key] = [values['tls-cert-file'], values['tls-private-key-file']];
  if (cert) return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
  const ca = await createCA({ commonName: 'kube-controller-manager-ca', days: 365, clock });
  const subject = { commonName: 'kube-controller-manager', dnsNames: ['localhost', hostname()], ips: ['127.0.0.1'] };
  const made = await issue({ ...subject, usages: ['server'], days: 365, clock, ca });
  return { cert: made.certPem, key: made.keyPem };
}
