import type { Kubeconfig } from '@keelson/client';
import { parseYaml } from '@keelson/machinery';
import { type BootstrapToken, caHash, parseBundle } from '@keelson/pki';
import type { ConfigMap } from '@keelson/types';
import { compactVerify } from 'jose';

/** What a stranger's ConfigMap `cluster-info` comes to. */
export type Verdict =
  /** The cluster's authority (PEM) and the address it names itself by. */
  | { readonly kind: 'trusted'; readonly caPem: string; readonly server: string; readonly kubeconfig: string }
  /** Nobody has signed it with that token: the signer may still be at work. */
  | { readonly kind: 'unsigned' }
  | { readonly kind: 'refused'; readonly reason: string };

/**
 * Whether `cluster-info`, which came over a connection to nobody knows whom, is the cluster's that the administrator means: its
 * authority's key must be one of the pinned ones (no pins: any), and it must be signed with the token.
 */
export async function verifyClusterInfo({ data = {} }: ConfigMap, token: BootstrapToken, pins: readonly string[]): Promise<Verdict> {
  const refused = (reason: string): Verdict => ({ kind: 'refused', reason });
  const { kubeconfig } = data;
  const cluster = kubeconfig === undefined ? undefined : clusterOf(kubeconfig);
  if (kubeconfig === undefined || !cluster)
    return refused('what it says of the cluster (ConfigMap kube-public/cluster-info) cannot be read');
  const hashes = hashesOf(cluster.caPem);
  if (hashes.length === 0) return refused('it names no authority of the cluster');
  if (pins.length > 0 && !hashes.every((hash) => pins.includes(hash))) {
    return refused(`its certificate authority has the hash ${hashes.join(', ')}, which --discovery-token-ca-cert-hash does not name`);
  }
  const signature = data[`jws-kubeconfig-${token.id}`];
  if (signature === undefined || signature === '') return { kind: 'unsigned' };
  if (!(await isSigned(kubeconfig, signature, token))) {
    return refused(`what it says of the cluster is not signed with the token that begins with ${token.id}`);
  }
  return { kind: 'trusted', ...cluster, kubeconfig };
}

function clusterOf(kubeconfig: string): { caPem: string; server: string } | undefined {
  try {
    const cluster = (parseYaml(kubeconfig).value as Kubeconfig).clusters?.[0]?.cluster;
    const { server = '', 'certificate-authority-data': ca = '' } = cluster ?? {};
    return server === '' ? undefined : { caPem: Buffer.from(ca, 'base64').toString(), server };
  } catch {
    return undefined;
  }
}

function hashesOf(caPem: string): string[] {
  try {
    return parseBundle(caPem).map(caHash);
  } catch {
    return [];
  }
}

/** A detached JWS: header and signature are in the ConfigMap, the kubeconfig itself is what was signed. */
async function isSigned(kubeconfig: string, detached: string, { id, secret }: BootstrapToken): Promise<boolean> {
  const [header = '', , signature = ''] = detached.split('.');
  const whole = `${header}.${Buffer.from(kubeconfig).toString('base64url')}.${signature}`;
  try {
    const { protectedHeader } = await compactVerify(whole, Buffer.from(secret), { algorithms: ['HS256'] });
    return protectedHeader.kid === id;
  } catch {
    return false;
  }
}
