import { readFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import { errorMessage } from '@keelson/base';
import type { Cluster } from '../cluster/cluster.ts';
import { clusterPaths } from '../cluster/paths.ts';
import type { ProcessSpec } from './commands.ts';

/** `ok`, or what was answered instead, or why nothing was. */
export type Health = (spec: ProcessSpec) => Promise<string>;

const patienceMs = 3_000;

/** Asks the processes of a cluster whether they are well, as its administrator. */
export async function healthOf({ dataDir, store, etcdServers }: Cluster): Promise<Health> {
  const { pki } = clusterPaths(dataDir);
  const agentFor = async (ca: string, client: string): Promise<Agent> => {
    const [caPem, cert, key] = await Promise.all([`${ca}.crt`, `${client}.crt`, `${client}.key`].map((file) => readFile(join(pki, file))));
    return new Agent({ ca: caPem, cert, key, keepAlive: true });
  };
  const admin = await agentFor('ca', 'admin');
  const etcd = store === 'etcd' && etcdServers.length === 0 ? await agentFor('etcd/ca', 'apiserver-etcd-client') : undefined;
  return ({ name, health }) => ask(health, name === 'etcd' ? etcd : admin);
}

function ask(url: string, agent: Agent | undefined): Promise<string> {
  return new Promise((resolve) => {
    const options = { timeout: patienceMs, ...(url.startsWith('https:') && agent && { agent }) };
    const request = (url.startsWith('https:') ? httpsRequest : httpRequest)(url, options, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode === 200 ? 'ok' : `HTTP ${response.statusCode}`));
      response.on('error', (error) => resolve(errorMessage(error)));
    });
    request.on('timeout', () => request.destroy(new Error('no answer')));
    request.on('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED' ? 'nobody listens' : errorMessage(error)));
    request.end();
  });
}
