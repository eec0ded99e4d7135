import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { hostname } from 'node:os';
import { isAbort, type Logger } from '@keelson/base';
import { type Api, createApi, loadKubeconfig, transportFor } from '@keelson/client';
import { type Component, type ComponentContext, delegatedAuth, type OptionValues, serveHealth, userAgent } from '@keelson/component';
import { createInformers } from '@keelson/runtime';
import { type Chosen, chooseBackend, cleanupAll } from './choose.ts';
import { configKind, inert } from './config-file.ts';
import { kernelConntrack } from './conntrack.ts';
import { healthHandler, listen, metricsHandler } from './health/server.ts';
import { httpHealthPorts } from './health/service-health.ts';
import { type Mode, proxyMetrics } from './metrics.ts';
import { bindAddress, options } from './options.ts';
import { createProxy, type NodeProxy } from './proxy.ts';
import { applySysctls, type Sysctls } from './sysctl.ts';

type Options = typeof options;

/** kube-proxy as a process: programs the network namespace it is started in. */
export const component: Component<Options> = {
  name: 'kube-proxy',
  options,
  inert,
  configKind,
  async run(context) {
    const { options: values, log } = context;
    if (values.cleanup) return cleanupAll(context);
    if (values['init-only']) return applySysctls(sysctlsOf(values), log);
    const chosen = await chooseBackend(context);
    await applySysctls(sysctlsOf(values), log);
    await runProxy(context, chosen);
  },
};

async function runProxy(context: ComponentContext<Options>, chosen: Chosen): Promise<void> {
  const { options: values, clock, random, log, metrics, signal } = context;
  const transport = transportFor(loadKubeconfig(values.kubeconfig || undefined), undefined, { userAgent: userAgent('kube-proxy') });
  const api = createApi(transport, { clock });
  const healthPorts = httpHealthPorts(log, () => proxy.healthy);
  const proxy: NodeProxy = createProxy({
    informers: createInformers({ api, clock, random, log }),
    clock,
    log,
    ...chosen,
    conntrack: kernelConntrack(log),
    healthPorts,
    metrics: proxyMetrics(metrics, chosen.mode),
    nodeName: (values['hostname-override'] || hostname()).trim().toLowerCase(),
  });
  try {
    await serveHealthz(context, proxy);
    await serveMetrics(context, api, chosen.mode);
    await proxy.run(signal);
  } catch (error) {
    if (!signal.aborted && !isAbort(error)) throw error;
  } finally {
    transport.close();
  }
}

async function serveHealthz({ options: values, clock, signal }: ComponentContext<Options>, proxy: NodeProxy): Promise<void> {
  const address = values['healthz-bind-address'];
  if (address !== '')
    await listen(
      healthHandler(proxy, () => clock.now()),
      bindAddress('healthz-bind-address', address),
      signal,
    );
}

/** With a certificate as every other component; without one in the clear, to this machine only. */
async function serveMetrics(
  { options: values, clock, log, metrics, signal }: ComponentContext<Options>,
  api: Api,
  mode: Mode,
): Promise<void> {
  if (values['metrics-bind-address'] === '') return;
  const address = bindAddress('metrics-bind-address', values['metrics-bind-address']);
  if (values['tls-cert-file'] === '') return listen(metricsHandler(metrics, mode), loopback(address, log), signal);
  const tls = { cert: readFileSync(values['tls-cert-file'], 'utf8'), key: readFileSync(values['tls-private-key-file'], 'utf8') };
  const authority = values['client-ca-file'] === '' ? {} : { clientCA: readFileSync(values['client-ca-file'], 'utf8') };
  const auth = delegatedAuth({ api, clock, log });
  const authorize = (request: IncomingMessage): Promise<number> => auth.check(request);
  const server = await serveHealth({
    port: address.port,
    bindAddress: address.host,
    tls,
    ...authority,
    metrics,
    log,
    checks: [],
    authorize,
  });
  signal.addEventListener('abort', () => void server.close(), { once: true });
}

/** Nobody off this machine reads what is neither encrypted nor asked for with credentials: upstream's other addresses need a certificate. */
function loopback(address: ReturnType<typeof bindAddress>, log: Logger): ReturnType<typeof bindAddress> {
  if (/^(127\.|::1$|localhost$)/.test(address.host)) return address;
  const host = address.host.includes(':') ? '::1' : '127.0.0.1';
  log.warn('metrics are served on loopback: elsewhere --metrics-bind-address needs --tls-cert-file', { asked: address.host, host });
  return { ...address, host };
}

function sysctlsOf(values: OptionValues<Options>): Sysctls {
  return {
    localhostNodePorts: values['iptables-localhost-nodeports'],
    conntrackMaxPerCore: values['conntrack-max-per-core'],
    conntrackMin: values['conntrack-min'],
    establishedTimeout: values['conntrack-tcp-timeout-established'],
    closeWaitTimeout: values['conntrack-tcp-timeout-close-wait'],
  };
}
