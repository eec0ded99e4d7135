import { type Cluster, clusterDomain, podRange, serviceRange } from './cluster.ts';

const variables = ['HTTPS_PROXY', 'HTTP_PROXY', 'https_proxy', 'http_proxy'];

/**
 * Keeps a cluster's own traffic from the proxies of `env`, which know no way into it: adds its addresses and names to `NO_PROXY`, for this
 * process and those it starts. What leaves the cluster, such as images that are pulled, goes through them as before.
 * @returns the new `NO_PROXY`, which clients of the cluster need as well; undefined where there is no proxy or all of it was there.
 */
export function keepFromProxies({ address }: Pick<Cluster, 'address'>, env: NodeJS.ProcessEnv): string | undefined {
  if (!variables.some((name) => env[name])) return undefined;
  const told = (env.NO_PROXY || env.no_proxy || '').split(',').filter(Boolean);
  const missing = [address, serviceRange, podRange, '.svc', `.${clusterDomain}`].filter((one) => !told.includes(one));
  if (missing.length === 0 || told.includes('*')) return undefined;
  env.NO_PROXY = [...told, ...missing].join(',');
  return env.NO_PROXY;
}
