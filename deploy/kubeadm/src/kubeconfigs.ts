import type { Kubeconfig, KubeconfigUser } from '@keelson/client';
import type { Credential } from '@keelson/pki';

/** Whom a kubeconfig leads to, and who is to trust whom. */
export interface KubeconfigTarget {
  readonly clusterName: string;
  /** `https://host:port`. */
  readonly server: string;
  /** PEM. */
  readonly caPem: string;
}

/** A kubeconfig for one user, named as kubeadm does. */
export function kubeconfigFor({ clusterName, ...target }: KubeconfigTarget, name: string, user: KubeconfigUser): Kubeconfig {
  const context = `${name}@${clusterName}`;
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: clusterName, cluster: clusterOf(target) }],
    contexts: [{ name: context, context: { cluster: clusterName, user: name } }],
    'current-context': context,
    users: [{ name, user }],
  };
}

/** What ConfigMap `cluster-info` tells everybody: where the cluster is, and its authority. */
export function clusterInfoKubeconfig(target: Omit<KubeconfigTarget, 'clusterName'>): Kubeconfig {
  return { apiVersion: 'v1', kind: 'Config', clusters: [{ name: '', cluster: clusterOf(target) }], contexts: [], users: [] };
}

/** The user whose client certificate lies in the kubeconfig itself. */
export function certificateUser({ certPem, keyPem }: Credential): KubeconfigUser {
  return { 'client-certificate-data': base64(certPem), 'client-key-data': base64(keyPem) };
}

function clusterOf({ server, caPem }: Omit<KubeconfigTarget, 'clusterName'>): { server: string; 'certificate-authority-data': string } {
  return { 'certificate-authority-data': base64(caPem), server };
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
