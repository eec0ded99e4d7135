import { readFile } from 'node:fs/promises';
import type { Kubeconfig } from '@keelson/client';
import { Refusal } from '@keelson/deploy-local';
import { parseYaml } from '@keelson/machinery';

/** Where a kubeconfig says that the cluster is (`host:port`), and who its authority is (PEM). @throws Refusal when it says neither. */
export async function clusterInFile(path: string): Promise<{ endpoint: string; caPem: string }> {
  const text = await readFile(path, 'utf8').catch(() => Promise.reject(new Refusal(`${path} cannot be read`)));
  const config = parseYaml(text).value as Kubeconfig | null;
  const current = config?.contexts?.find(({ name }) => name === config['current-context'])?.context.cluster;
  const cluster = (config?.clusters?.find(({ name }) => name === current) ?? config?.clusters?.[0])?.cluster;
  const url = URL.parse(cluster?.server ?? '');
  if (!cluster || url?.protocol !== 'https:')
    throw new Refusal(`${path} does not say where the cluster is: it needs a cluster with an https:// server`);
  const { 'certificate-authority-data': data, 'certificate-authority': file } = cluster;
  const caPem = data ? Buffer.from(data, 'base64').toString() : file ? await readFile(file, 'utf8').catch(() => '') : '';
  if (!caPem.includes('BEGIN CERTIFICATE')) throw new Refusal(`${path} does not say who the cluster's authority is`);
  return { endpoint: `${url.hostname}:${url.port || '443'}`, caPem };
}
