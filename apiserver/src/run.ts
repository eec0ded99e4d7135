import { hostname, networkInterfaces } from 'node:os';
import { sleep } from '@keelson/base';
import type { Component, ComponentContext } from '@keelson/component';
import { versionInfo } from '@keelson/component';
import { parseGoDuration } from '@keelson/machinery';
import { readAdmissionSettings } from './admission/configuration.ts';
import { checkPluginNames } from './admission/names.ts';
import { configureAudit } from './audit/settings.ts';
import { createKubelets } from './auth/kubelets.ts';
import { configureAuth } from './auth/settings.ts';
import { authoritiesOf } from './auth/trust.ts';
import { type CertificateFiles, followCertificateFiles, openCertificateFiles } from './certificate-files.ts';
import { neighbours } from './components.ts';
import type { VersionInfo } from './discovery/routes.ts';
import { textOf } from './file-value.ts';
import { forBrowsers } from './http/listener/browsers.ts';
import { draining } from './http/listener/drain.ts';
import { listen } from './http/listener/server.ts';
import { inert } from './inert.ts';
import { addressAt } from './kinds/core/cidr.ts';
import { openStore } from './open-store.ts';
import { apiserverOptions } from './options.ts';
import { type ApiServer, createServer } from './server.ts';
import type { ServedAs } from './serving-certificate.ts';
import { servingSettings } from './serving-options.ts';
import type { Store } from './storage/types.ts';

type Context = ComponentContext<typeof apiserverOptions>;
type Options = Context['options'];

/** kube-apiserver as a process. */
export const apiserver = apiserverOf(versionInfo);

/** kube-apiserver as a process that says it is of this version. */
export function apiserverOf(version: VersionInfo): Component<typeof apiserverOptions> {
  return { name: 'kube-apiserver', options: apiserverOptions, inert, run: (context) => run(context, version) };
}

async function run(context: Context, version: VersionInfo): Promise<void> {
  const { options, clock, log, signal } = context;
  requireFiles(options);
  checkPluginNames('enable-admission-plugins', options['enable-admission-plugins']);
  checkPluginNames('disable-admission-plugins', options['disable-admission-plugins']);
  const { limits, browsers, tls } = servingSettings(options);
  const names = servedAs(options);
  const certificates = await openCertificateFiles(options, names, clock);
  const end = new AbortController();
  const { store, ...storeParts } = await openStore(options, { ...context, signal: end.signal });
  const auditor = await configureAudit(options, context);
  const config = await serverConfig({ ...context, signal: end.signal }, store, certificates);
  const server = await createServer({ ...config, version, auditor, limits, ending: signal, ...storeParts });
  const direct = forBrowsers(server.handle, browsers);
  const drain = options['shutdown-send-retry-after'] ? draining(direct, end.signal) : undefined;
  const listener = await listen({
    host: options['bind-address'],
    port: options['secure-port'],
    ...certificates.serving.value,
    clientCA: authoritiesOf(certificates.trust.value),
    ...{ handle: drain?.handle ?? direct, tls, upgrade: server.upgrade },
  });
  void followCertificateFiles(certificates, listener, { clock, log, signal: end.signal });
  await server.bootstrap({ address: names.host, port: listener.port, externalName: options['external-hostname'] });
  log.info('serving', { address: options['bind-address'], port: listener.port });
  await aborted(signal);
  await sleep(clock, options['shutdown-delay-duration']);
  end.abort();
  await drain?.quiet();
  await shutDown(server, listener.close, store);
  await auditor?.close();
}

async function shutDown(server: ApiServer, close: () => Promise<void>, store: Store): Promise<void> {
  await Promise.all([close(), server.stopped]);
  await store.close();
}

function requireFiles(options: Options): void {
  const needed = ['client-ca-file', 'service-account-signing-key-file'] as const;
  const missing = needed.filter((name) => !options[name]);
  if (missing.length > 0)
    throw new Error(
      `${missing.map((name) => `--${name}`).join(', ')} must be given: every connection is TLS and every request authenticated`,
    );
}

async function serverConfig(
  { options, clock, random, log, metrics, signal }: Context,
  store: Store,
  { trust, proxyClient, kubeletClient }: CertificateFiles,
): Promise<Omit<Parameters<typeof createServer>[0], 'version'>> {
  const authority = options['kubelet-certificate-authority'];
  const kubelets = createKubelets({ client: () => kubeletClient?.value, caData: authority ? await textOf(authority) : undefined });
  const [from, to] = options['service-node-port-range'].split('-').map(Number) as [number, number];
  return {
    ...{ store, clock, random, log, metrics, signal, kubelets },
    components: neighbours(clock),
    trust: () => trust.value,
    aggregation: { client: () => proxyClient?.value, toEndpoints: options['enable-aggregator-routing'] },
    fairness: {
      enabled: options['enable-priority-and-fairness'],
      maxRequestsInFlight: options['max-requests-inflight'],
      maxMutatingRequestsInFlight: options['max-mutating-requests-inflight'],
    },
    hostname: hostname(),
    serviceCIDR: options['service-cluster-ip-range'],
    nodePorts: { from, to },
    disabledAdmission: options['disable-admission-plugins'],
    admission: {
      ...(await readAdmissionSettings(options['admission-control-config-file'], options['enable-admission-plugins'])),
      tolerationSeconds: {
        notReady: options['default-not-ready-toleration-seconds'],
        unreachable: options['default-unreachable-toleration-seconds'],
      },
    },
    eventTTL: options['event-ttl'],
    bootstrapTokens: options['enable-bootstrap-token-auth'],
    ...(await configureAuth(options, { clock, log, metrics, signal })),
    jwksURI: options['service-account-jwks-uri'],
    compactionInterval: parseGoDuration(options['etcd-compaction-interval']),
  };
}

function servedAs(options: Options): ServedAs {
  return {
    host: options['advertise-address'] || defaultAddress(options['bind-address']),
    serviceAddress: addressAt(options['service-cluster-ip-range'].split(',')[0] ?? '', 1),
  };
}

/** The first address others can reach, when listening on all. */
function defaultAddress(bind: string): string {
  if (bind !== '0.0.0.0' && bind !== '::') return bind;
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return all.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
