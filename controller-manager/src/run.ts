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
  type HealthCheck,
  leaderElectionStatus,
  restClientRequests,
  serveSecurePort,
  userAgent,
} from '@keelson/component';
import { issueTemporary } from '@keelson/pki';
import { runElected } from '@keelson/runtime';
import { controllerConfig } from './config.ts';
import type { ControllerConfig } from './controllers/types.ts';
import { serviceAccountTokens } from './credentials.ts';
import { inert } from './inert.ts';
import { createControllerManager } from './manager.ts';
import { countRunning, observeQueues } from './metrics.ts';
import { options } from './options.ts';
import { metadataOnly, observed } from './transports.ts';

type Options = typeof options;
type Context = ComponentContext<Options>;

/** kube-controller-manager as a process. */
export const component: Component<Options> = {
  name: 'kube-controller-manager',
  options,
  inert,
  async run(context) {
    const { options: values, signal } = context;
    const kubeconfig = loadKubeconfig(values.kubeconfig || undefined);
    const config = controllerConfig(values, connectionOf(resolveContext(kubeconfig)).caData?.toString());
    const connections = connect(context, kubeconfig);
    const checks: HealthCheck[] = values['leader-elect'] ? [passing('leaderElection')] : [];
    try {
      const certificate = () => issueTemporary('kube-controller-manager', { dnsNames: [hostname()] }, context.clock);
      await serveSecurePort(context, connections.api, certificate, checks);
      const status = leaderElectionStatus(context.metrics);
      const tell = (name: string, leading: 0 | 1): void => status.set({ name }, leading);
      const lead = (leading: AbortSignal): Promise<void> => runManager(context, connections, { config, checks }, leading);
      await runElected(context, connections.api, hostname(), tell, lead);
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

const agent = (part?: string): string => userAgent('kube-controller-manager', part);

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
  // The lease is renewed over `own`: never behind what controllers write.
  const own = counted(transportFor(config, undefined, { userAgent: agent() }));
  const busy = counted(transportFor(config, undefined, { userAgent: agent(), joinWrites: true }));
  const open: Transport[] = [own, busy];
  const api = createApi(own, { clock });
  const shared = createApi(busy, { clock });
  const accounts = new Map<string, Api>();
  const apiFor = (name: string): Api => {
    if (!values['use-service-account-credentials']) return shared;
    const known = accounts.get(name);
    if (known) return known;
    const tokens = serviceAccountTokens(api, name, clock);
    const account = {
      userAgent: agent(`system:serviceaccount:kube-system:${name}`),
      tokenSource: tokens.get,
      onUnauthorized: tokens.forget,
    };
    const transport = counted(httpTransport({ ...server, ...account, clock, joinWrites: true }));
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

interface Work {
  readonly config: ControllerConfig;
  /** To which each controller that is started is added. */
  readonly checks: HealthCheck[];
}

function runManager(
  context: Context,
  { api, metadata, apiFor }: Connections,
  { config, checks }: Work,
  signal: AbortSignal,
): Promise<void> {
  const { options: values, clock, random, log, metrics } = context;
  const running = countRunning(metrics);
  const onStart = (name: string): void => {
    checks.push(passing(name));
    running(name);
  };
  const observe = observeQueues(metrics, clock);
  const deps = { api, metadata, apiFor, clock, random, log, config, controllers: values.controllers, observe, metrics, onStart };
  return createControllerManager(deps).run(signal);
}

/** A process that has lost its lease, or a controller, has ended: who is there to answer is well. */
function passing(name: string): HealthCheck {
  return { name, check: () => undefined };
}
