import { join } from 'node:path';
import { type Kubeconfig, renderKubeconfig } from '@keelson/client';
import type { Credential } from '@keelson/pki';
import type { Cluster } from '../cluster/cluster.ts';
import { replaceFile } from '../cluster/file.ts';
import { clusterPaths } from '../cluster/paths.ts';
import type { Pki } from './pki.ts';
import { wantedClients } from './wanted.ts';

/** The API server's address: from the machine, which is also how the cluster's own processes reach it. */
export function serverOf({ netns, address, ports }: Pick<Cluster, 'netns' | 'address' | 'ports'>): string {
  return `https://${netns ? address : '127.0.0.1'}:${ports.api}`;
}

/** A kubeconfig that holds all it needs. */
export function kubeconfigFor(server: string, user: string, caPem: string, { certPem, keyPem }: Credential): Kubeconfig {
  const context = `${user}@keelson`;
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'keelson', cluster: { server, 'certificate-authority-data': base64(caPem) } }],
    contexts: [{ name: context, context: { cluster: 'keelson', user } }],
    'current-context': context,
    users: [{ name: user, user: { 'client-certificate-data': base64(certPem), 'client-key-data': base64(keyPem) } }],
  };
}

/** Writes the administrator's kubeconfig, and one for each process that calls the API server. */
export async function writeKubeconfigs(cluster: Cluster, { credentials, caPem }: Pki): Promise<void> {
  const { adminKubeconfig, kubeconfigs } = clusterPaths(cluster.dataDir);
  const writes = wantedClients(cluster).map(({ file, commonName }) => {
    const credential = credentials.get(file);
    if (!credential) throw new Error(`there is no certificate for ${file}`);
    const config = kubeconfigFor(serverOf(cluster), commonName, caPem, credential);
    if (file === 'admin') return replaceFile(adminKubeconfig, renderKubeconfig(config));
    // JSON is YAML, too, and processes that are given it need not load a YAML parser before they can start.
    return replaceFile(join(kubeconfigs, `${file}.kubeconfig`), `${JSON.stringify(config, null, 2)}\n`);
  });
  await Promise.all(writes);
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
