import { type Clock, errorMessage, sleep } from '@keelson/base';
import { ApiError, createApi, type HttpTransportOptions, httpTransport, type Transport } from '@keelson/client';
import { Refusal } from '@keelson/deploy-local';
import type { BootstrapToken } from '@keelson/pki';
import { ConfigMap } from '@keelson/types';
import { configKeys } from '../objects/config-maps.ts';
import { type Verdict, verifyClusterInfo } from './verify.ts';

export interface Discovery {
  /** `host:port`. */
  readonly endpoint: string;
  readonly token: BootstrapToken;
  /** Hashes of the cluster's authority; none: any authority is believed whose word is signed with the token. */
  readonly pins: readonly string[];
  readonly clock: Clock;
}

export interface DiscoveredCluster {
  /** `https://host:port` that the cluster names itself by. */
  readonly server: string;
  readonly caPem: string;
}

/** How long the signer may take for a token that was made a moment ago. */
const signingMs = 10_000;
const pollMs = 250;

/**
 * Finds the cluster and makes sure of it, having trusted nobody before: asks anonymously over a connection that proves nothing, believes
 * the answer only for its hash and its signature, and then asks again over a connection that must prove itself with that authority.
 * @throws Refusal saying what does not fit.
 */
export async function discover(discovery: Discovery): Promise<DiscoveredCluster> {
  const { endpoint, token, pins, clock } = discovery;
  const asked = `https://${endpoint}`;
  const deadline = clock.now() + signingMs;
  let verdict: Verdict;
  for (;;) {
    verdict = await verifyClusterInfo(await clusterInfoOf({ server: asked, insecureSkipTLSVerify: true }, discovery), token, pins);
    if (verdict.kind !== 'unsigned' || clock.now() > deadline) break;
    await sleep(clock, pollMs);
  }
  if (verdict.kind === 'refused') throw new Refusal(`the cluster at ${endpoint} is not trusted: ${verdict.reason}`);
  if (verdict.kind === 'unsigned') {
    throw new Refusal(
      `the cluster at ${endpoint} does not know the token that begins with ${token.id}, or it has expired: make one on a control plane with kubeadm token create --print-join-command`,
    );
  }
  const { caPem, server, kubeconfig } = verdict;
  const again = await clusterInfoOf({ server: asked, caData: caPem }, discovery);
  if (again.data?.kubeconfig !== kubeconfig)
    throw new Refusal(`the cluster at ${endpoint} is not trusted: it says another thing when asked again`);
  return { server, caPem };
}

/** How long the API server may take to answer. */
const patienceMs = 10_000;

async function clusterInfoOf(connection: HttpTransportOptions, { endpoint, clock }: Discovery): Promise<ConfigMap> {
  const transport = httpTransport(connection);
  const over = new AbortController();
  const timer = clock.after(patienceMs, () => over.abort(new Error(`no answer in ${patienceMs / 1000} s`)));
  const hurried: Transport = { close: () => transport.close(), send: (request) => transport.send({ ...request, signal: over.signal }) };
  try {
    return await createApi(hurried).get(ConfigMap, configKeys.clusterInfo);
  } catch (error) {
    throw new Refusal(unreadable(error, endpoint));
  } finally {
    timer.cancel();
    transport.close();
  }
}

/** OpenSSL's names for a certificate that the given authority did not sign. */
const foreign = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'CERT_SIGNATURE_FAILURE',
]);

function unreadable(error: unknown, endpoint: string): string {
  if (error instanceof ApiError) return `the cluster at ${endpoint} does not tell about itself: ${error.message}`;
  const { code = '' } = error as NodeJS.ErrnoException;
  if (foreign.has(code)) return `the server at ${endpoint} is not trusted: the cluster's authority did not sign its certificate`;
  if (code === 'CERT_HAS_EXPIRED') return `the server at ${endpoint} is not trusted: its certificate has expired`;
  return `no API server can be reached at ${endpoint}: ${errorMessage(error)}`;
}
