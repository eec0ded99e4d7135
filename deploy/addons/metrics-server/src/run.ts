import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { every, isAbort } from '@keelson/base';
import {
  type Api,
  connectionOf,
  createApi,
  type HttpTransportOptions,
  httpTransport,
  inClusterConnection,
  loadKubeconfig,
  resolveContext,
} from '@keelson/client';
import { type Component, type ComponentContext, delegatedAuth, type HealthCheck } from '@keelson/component';
import { issueTemporary } from '@keelson/pki';
import { createInformers, type Informer } from '@keelson/runtime';
import { Node, Pod } from '@keelson/types';
import type { Source } from './api/serve.ts';
import { lookUpTrust, nobodyTrusted, type Trust } from './identity.ts';
import { Kubelets } from './kubelets.ts';
import { options } from './options.ts';
import { type Listening, serveMetrics } from './server.ts';
import { advance, type Measured, nothingMeasured, usageOf } from './usage/window.ts';

type Options = typeof options;
type Context = ComponentContext<Options>;

/** How often it is looked whether the cluster trusts other authorities now, in milliseconds. */
const trustInterval = 60_000;
const shortestResolution = 10_000;

/** metrics-server as a process: what the kubelets measure, as `metrics.k8s.io`. */
export const component: Component<Options> = {
  name: 'metrics-server',
  options,
  async run(context) {
    const { options: values, signal } = context;
    if (values['metric-resolution'] < shortestResolution)
      throw new Error('metric-resolution should be a time duration at least 10s, but value given is shorter');
    const connection = connectionFrom(values.kubeconfig);
    const transport = httpTransport({ ...connection, userAgent: 'metrics-server', clock: context.clock });
    try {
      await serve(context, connection, createApi(transport, { clock: context.clock }));
    } catch (error) {
      if (!(signal.aborted && (isAbort(error) || error === signal.reason))) throw error;
    } finally {
      transport.close();
    }
  },
};

async function serve(context: Context, connection: HttpTransportOptions, api: Api): Promise<void> {
  const { clock, random, log, signal, metrics } = context;
  const informers = createInformers({ api, clock, random, log });
  const nodes = informers.for(Node, { transform: slimNode });
  const pods = informers.for(Pod, { transform: slimPod });
  await informers.start(signal);
  let measured = nothingMeasured;
  let trust = await lookUpTrust(api, nobodyTrusted, log);
  const source = sourceOf(nodes, pods, () => measured, context);
  const auth = delegatedAuth({ api, clock, log });
  const deps = { source, auth, checks: checks(() => measured), metrics, clock, log, trust: () => trust };
  const server = await listen(context, deps);
  log.info('serving', { port: server.port });
  const kubelets = kubeletsFor(context, connection);
  const measure = async (): Promise<void> => {
    measured = advance(measured, await kubelets.scrape(nodes.store.list()), context.options['metric-resolution']);
  };
  const learn = async (): Promise<void> => {
    const found = await lookUpTrust(api, trust, log);
    if (!sameTrust(found, trust)) {
      trust = found;
      server.renew();
    }
  };
  const failed = (error: unknown): void => log.error('a round failed', { err: error });
  await Promise.all([
    every(clock, context.options['metric-resolution'], signal, measure, failed),
    every(clock, trustInterval, signal, learn, failed),
  ]);
  kubelets.close();
  await server.close();
}

function sameTrust(a: Trust, b: Trust): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function sourceOf(nodes: Informer<Node>, pods: Informer<Pod>, measured: () => Measured, { clock }: Context): Source {
  return { nodes: () => nodes.store.list(), pods: (namespace) => pods.store.list(namespace || undefined), measured, clock };
}

/** Ready once there is something to tell: before, the API server should not send anybody here. */
function checks(measured: () => Measured): HealthCheck[] {
  const hasUsage = (): boolean => [...measured().nodes.values()].some((window) => usageOf(window) !== undefined);
  return [
    {
      name: 'metric-storage-ready',
      endpoints: ['readyz'],
      check: () => {
        if (!hasUsage()) throw new Error('no metrics to serve');
      },
    },
  ];
}

async function listen({ options: values, clock }: Context, deps: Parameters<typeof serveMetrics>[0]): Promise<Listening> {
  const [cert, key] = [values['tls-cert-file'], values['tls-private-key-file']];
  const tls = cert
    ? { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') }
    : await issueTemporary('metrics-server', { dnsNames: [hostname()] }, clock);
  return serveMetrics(deps, tls, values['bind-address'], values['secure-port']);
}

function kubeletsFor({ options: values, clock, log }: Context, connection: HttpTransportOptions): Kubelets {
  const ca = values['kubelet-certificate-authority'];
  return new Kubelets({
    connection,
    addressTypes: values['kubelet-preferred-address-types'],
    port: values['kubelet-use-node-status-port'] ? 0 : values['kubelet-port'],
    insecure: values['kubelet-insecure-tls'],
    ca: ca ? readFileSync(ca, 'utf8') : undefined,
    timeout: values['kubelet-request-timeout'],
    clock,
    log,
  });
}

function connectionFrom(path: string): HttpTransportOptions {
  const own = path ? undefined : inClusterConnection();
  return own ?? connectionOf(resolveContext(loadKubeconfig(path || undefined)));
}

/** Of tens of thousands of pods only names and labels are needed. */
function slimPod({ apiVersion, kind, metadata }: Pod): Pod {
  return { apiVersion, kind, metadata: slimMetadata(metadata) } as Pod;
}

function slimNode({ apiVersion, kind, metadata, status }: Node): Node {
  const { addresses, conditions, daemonEndpoints } = status ?? {};
  return { apiVersion, kind, metadata: slimMetadata(metadata), status: { addresses, conditions, daemonEndpoints } } as Node;
}

function slimMetadata({ name, namespace, uid, resourceVersion, labels }: Pod['metadata']): Pod['metadata'] {
  return { name, namespace, uid, resourceVersion, labels } as Pod['metadata'];
}
