import { existsSync } from 'node:fs';
import { errorMessage, sleep } from '@keelson/base';
import {
  ApiError,
  connectionOf,
  createApi,
  type Kubeconfig,
  loadKubeconfig,
  resolveContext,
  transportFor,
  writeKubeconfig,
} from '@keelson/client';
import { userAgent } from '@keelson/component';
import { parseCertificate } from '@keelson/pki';
import type { CertificateFiles, HeldCertificate } from './files.ts';
import { clientWish } from './plan.ts';
import { type RequestDeps, RequestRefused, requestCertificate } from './request.ts';

export interface BootstrapOptions {
  readonly nodeName: string;
  /** Written when the node has been let in. */
  readonly kubeconfig: string;
  /** With a token that is good for asking to be let in. */
  readonly bootstrapKubeconfig: string;
  readonly files: CertificateFiles;
}

const retryAfter = 2_000;

/**
 * Makes sure of a kubeconfig whose certificate is valid: where there is none, asks for one with the bootstrap credentials.
 * @throws when they are refused, so that whoever runs the process hears of it.
 */
export async function bootstrapClient(options: BootstrapOptions, deps: Omit<RequestDeps, 'api'>): Promise<void> {
  const { kubeconfig, bootstrapKubeconfig, files } = options;
  if (!bootstrapKubeconfig || isUsable(kubeconfig, deps.clock.now())) return;
  const config = loadKubeconfig(bootstrapKubeconfig);
  const transport = transportFor(config, undefined, { userAgent: userAgent('kubelet') });
  try {
    files.save(await askUntilLetIn(options.nodeName, { ...deps, api: createApi(transport, { clock: deps.clock }) }));
    writeKubeconfig(kubeconfig, clientKubeconfig(config, files.current));
  } finally {
    transport.close();
  }
}

async function askUntilLetIn(nodeName: string, deps: RequestDeps): Promise<HeldCertificate> {
  for (;;) {
    try {
      return await requestCertificate(clientWish(nodeName), 'node-csr-', deps);
    } catch (error) {
      if (deps.signal.aborted) throw error;
      const isRefused = error instanceof RequestRefused || (error instanceof ApiError && error.code < 500 && error.code !== 429);
      if (isRefused) throw new Error(`cannot get a certificate with the bootstrap credentials: ${error.message}`, { cause: error });
      deps.log.warn('could not get a certificate with the bootstrap credentials yet', { error: errorMessage(error) });
      await sleep(deps.clock, retryAfter, deps.signal);
    }
  }
}

/** Whether a kubeconfig is there and its certificate, if it has one, is valid. */
function isUsable(path: string, now: number): boolean {
  if (!existsSync(path)) return false;
  try {
    const { certData } = connectionOf(resolveContext(loadKubeconfig(path)));
    return certData === undefined || parseCertificate(certData.toString()).validToDate.getTime() > now;
  } catch {
    return false;
  }
}

/** The cluster of the bootstrap kubeconfig, called with the certificate in a file. */
export function clientKubeconfig(bootstrap: Kubeconfig, pemFile: string): Kubeconfig {
  const { cluster } = resolveContext(bootstrap);
  return {
    clusters: [{ name: 'default-cluster', cluster }],
    contexts: [{ name: 'default-context', context: { cluster: 'default-cluster', namespace: 'default', user: 'default-auth' } }],
    'current-context': 'default-context',
    users: [{ name: 'default-auth', user: { 'client-certificate': pemFile, 'client-key': pemFile } }],
  };
}
