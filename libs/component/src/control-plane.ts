import type { IncomingMessage } from 'node:http';
import { type Api, createApi, loadKubeconfig, transportFor } from '@keelson/client';
import { delegatedAuth } from './delegated.ts';
import type { HealthCheck } from './health.ts';
import { followPublishedClientCA } from './published-ca.ts';
import { type HealthServerOptions, serveHealth } from './serving.ts';
import { followServing, readServing } from './serving-files.ts';
import type { ComponentContext } from './types.ts';

const text = (value: string, help: string, placeholder: string) => ({ type: 'string', default: value, help, placeholder }) as const;
const duration = (value: string, help: string) => ({ type: 'duration', default: value, help, placeholder: 'DURATION' }) as const;

/** The flags of a process that talks to the API server and has a secure port. @param port the one Kubernetes gives it. */
export function securePortOptions(port: number) {
  return {
    kubeconfig: text('', 'kubeconfig with the API server and the credentials to use', 'FILE'),
    'authentication-kubeconfig': text('', 'kubeconfig to ask the API server with who calls; --kubeconfig when empty', 'FILE'),
    'authorization-kubeconfig': text('', 'kubeconfig to ask the API server with what callers may; --kubeconfig when empty', 'FILE'),
    'bind-address': text('0.0.0.0', 'address of health and metrics', 'IP'),
    'secure-port': { type: 'number', default: port, help: 'TLS port of health and metrics; 0 serves none' },
    'tls-cert-file': text('', 'certificate to serve with; one is made for this start when empty', 'FILE'),
    'tls-private-key-file': text('', 'key of --tls-cert-file', 'FILE'),
    'client-ca-file': text(
      '',
      'authority of client certificates that may read metrics; with --authentication-kubeconfig the one the cluster publishes when empty',
      'FILE',
    ),
  } as const;
}

/** The flags of a process of which one leads. @param lease name of the lease it takes. */
export function leaderElectionOptions(lease: string) {
  return {
    'leader-elect': { type: 'boolean', default: true, help: 'work only while holding the lease' },
    'leader-elect-lease-duration': duration('15s', 'how long others wait for a holder that does not renew'),
    'leader-elect-renew-deadline': duration('10s', 'how long the holder tries to renew before it gives up'),
    'leader-elect-retry-period': duration('2s', 'time between tries'),
    'leader-elect-resource-name': text(lease, 'name of the lease', 'NAME'),
    'leader-elect-resource-namespace': text('kube-system', 'namespace of the lease', 'NAME'),
  } as const;
}

type SecurePortContext = ComponentContext<ReturnType<typeof securePortOptions>>;

/**
 * Serves health and metrics until the signal aborts. `makeCertificate` gives one that lasts as long as the process, where no file is
 * named. `checks` may grow: what it holds counts from then on.
 */
export async function serveSecurePort(
  { options: values, clock, log, metrics, signal }: SecurePortContext,
  api: Api,
  makeCertificate: () => Promise<HealthServerOptions['tls']>,
  checks: readonly HealthCheck[] = [],
): Promise<void> {
  if (values['secure-port'] === 0) return;
  const asker = values['authorization-kubeconfig'] || values['authentication-kubeconfig'];
  const asked = asker ? createApi(transportFor(loadKubeconfig(asker)), { clock }) : api;
  const auth = delegatedAuth({ api: asked, clock, log });
  const files = { cert: values['tls-cert-file'], key: values['tls-private-key-file'], clientCA: values['client-ca-file'] };
  const read = readServing(files);
  const arePublished = read.clientCA === undefined && values['authentication-kubeconfig'] !== '';
  const server = await serveHealth({
    port: values['secure-port'],
    bindAddress: values['bind-address'],
    tls: read.tls ?? (await makeCertificate()),
    clientCA: arePublished ? '' : read.clientCA,
    ...{ metrics, log, checks },
    authorize: (request: IncomingMessage) => auth.check(request),
  });
  signal.addEventListener('abort', () => void server.close(), { once: true });
  void followServing(files, read, server.present, { clock, log, signal });
  if (arePublished) void followPublishedClientCA({ api: asked, clock, log, signal }, (clientCA) => server.present({ clientCA }));
}
