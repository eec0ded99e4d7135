import { readFileSync } from 'node:fs';
import { isAbort, sleep } from '@keelson/base';
import { createApi, loadKubeconfig, transportFor } from '@keelson/client';
import type { Component, ComponentContext } from '@keelson/component';
import { createInformers } from '@keelson/runtime';
import { createAnswerer } from './answer.ts';
import { servePages } from './http.ts';
import { listenTcp, listenUdp } from './listen.ts';
import { type DnsMetrics, dnsMetrics } from './metrics.ts';
import { ClusterModel } from './model.ts';
import { options } from './options.ts';
import { nameservers, upstreamOf } from './upstream.ts';

type Options = typeof options;

/** The cluster's name server as a process. */
export const component: Component<Options> = {
  name: 'coredns',
  options,
  async run(context) {
    const { options: values, clock, random, log, signal } = context;
    const transport = transportFor(loadKubeconfig(values.kubeconfig || undefined));
    const informers = createInformers({ api: createApi(transport, { clock }), clock, random, log });
    try {
      await serve(context, informers);
    } catch (error) {
      if (!signal.aborted && !isAbort(error)) throw error;
    } finally {
      transport.close();
    }
  },
};

async function serve(context: ComponentContext<Options>, informers: ReturnType<typeof createInformers>): Promise<void> {
  const { options: values, clock, log, metrics: registry, signal } = context;
  const domain = values['cluster-domain'].replace(/\.$/, '').toLowerCase();
  const model = new ClusterModel(informers, { domain, ttl: values.ttl }, clock);
  const metrics = dnsMetrics(registry, clock, { server: `dns://:${values.port}`, domain });
  const upstream = upstreamOf(serversIn(values['resolv-conf'], context), clock);
  const answer = createAnswerer({ model, upstream, metrics, clock, log });
  const address = { host: values['bind-address'], port: values.port };
  let ready = false;
  const ports = { health: values['health-port'], ready: values['ready-port'], metrics: values['metrics-port'] };
  const closePages = await servePages(address.host, ports, () => ready, registry);
  // Before it knows the cluster it would say of every service that there is none.
  const open = await informers
    .start(signal)
    .then(async () => [await listenUdp(address, answer, log), await listenTcp(address, answer, { clock, log })]);
  measureProgramming(model, metrics, context);
  ready = true;
  log.info('answering', { domain, port: address.port });
  await stopped(signal);
  await sleep(clock, values.lameduck);
  for (const one of open) one.close();
  closePages();
}

function serversIn(file: string, { log }: ComponentContext<Options>): string[] {
  try {
    const servers = nameservers(readFileSync(file, 'utf8'));
    if (servers.length === 0) log.warn('no name server to ask about names outside the cluster', { file });
    return servers;
  } catch (err) {
    log.warn('no name server to ask about names outside the cluster', { file, err });
    return [];
  }
}

const triggerTime = 'endpoints.kubernetes.io/last-change-trigger-time';

/** Changes from before our start say nothing about how fast we are. */
function measureProgramming(model: ClusterModel, metrics: DnsMetrics, { clock }: ComponentContext<Options>): void {
  const begun = clock.now();
  model.onEndpoints(({ object }) => {
    const at = Date.parse(object.metadata?.annotations?.[triggerTime] ?? '');
    if (at < begun || Number.isNaN(at)) return;
    const name = object.metadata?.labels?.['kubernetes.io/service-name'] ?? '';
    const service = model.service(object.metadata?.namespace ?? '', name);
    const kind = service?.clusterIPs.length === 0 ? 'headless_with_selector' : 'cluster_ip';
    metrics.programmed((clock.now() - at) / 1000, kind);
  });
}

function stopped(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
