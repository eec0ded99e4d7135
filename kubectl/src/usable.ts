import { accessSync } from 'node:fs';
import type { HttpTransportOptions, KubeconfigUser, ResolvedContext } from '@keelson/client';
import { fileProblem } from './errors.ts';

/** What the cluster and the user of a context are called. */
export interface Names {
  readonly cluster: string;
  readonly user: string;
}

/** @throws Error in client-go's words, of one fault alone or of all, for a cluster and a user that cannot be used together. */
export function requireUsable(resolved: ResolvedContext, names: Names): void {
  const faults = [...userFaults(resolved.user, names.user), ...clusterFaults(resolved.cluster, names.cluster)];
  // Where nothing at all is said, the default place is called.
  if (faults.length === 0 || (faults.length === 1 && faults[0] === nothingSaid)) return;
  throw new Error(faults.length === 1 ? faults[0] : `invalid configuration: \n${faults.map((fault) => `* ${fault}`).join('\n')}`);
}

const nothingSaid = 'cluster has no server defined';

function clusterFaults(cluster: ResolvedContext['cluster'], name: string): string[] {
  if (Object.keys(cluster).length === 0) return [nothingSaid];
  const { server, 'certificate-authority': ca, 'certificate-authority-data': data } = cluster;
  const missing = name === '' ? 'default cluster has no server defined' : `no server found for cluster ${JSON.stringify(name)}`;
  const twice = `certificate-authority-data and certificate-authority are both specified for ${name}. certificate-authority-data will override.`;
  return [...(server ? [] : [missing]), ...(ca && data ? [twice] : []), ...(data ? [] : unreadable('certificate-authority', ca, name))];
}

function userFaults(user: KubeconfigUser, name: string): string[] {
  const methods = [...(user.token ? ['token'] : []), ...(user.username || user.password ? ['basicAuth'] : [])];
  const several = `more than one authentication method found for ${name}; found [${methods.join(' ')}], only one is allowed`;
  return [...certificateFaults(user, name), ...execFaults(user, name), ...(methods.length > 1 ? [several] : [])];
}

function certificateFaults(user: KubeconfigUser, name: string): string[] {
  const { 'client-certificate': cert, 'client-certificate-data': certData, 'client-key': key, 'client-key-data': keyData } = user;
  if (!cert && !certData) return [];
  const lacking = `client-key-data or client-key must be specified for ${name} to use the clientCert authentication method.`;
  return [
    ...(cert && certData ? [`client-cert-data and client-cert are both specified for ${name}. client-cert-data will override.`] : []),
    ...(key && keyData ? [`client-key-data and client-key are both specified for ${name}; client-key-data will override`] : []),
    ...(key || keyData ? [] : [lacking]),
    ...(certData ? [] : unreadable('client-cert', cert, name)),
    ...(keyData ? [] : unreadable('client-key', key, name)),
  ];
}

/** The fields of a credential program as a file may leave them out. */
interface Program {
  readonly command?: string;
  readonly apiVersion?: string;
  readonly env?: readonly { readonly name?: string }[] | null;
  readonly interactiveMode?: string;
}

function execFaults(user: KubeconfigUser, name: string): string[] {
  if (!user.exec) return [];
  const { command, apiVersion, env, interactiveMode } = user.exec as Program;
  const needed = (what: string): string => `${what} must be specified for ${name} to use exec authentication plugin`;
  const odd = interactiveMode && !['Never', 'IfAvailable', 'Always'].includes(interactiveMode);
  return [
    ...('auth-provider' in user ? [`authProvider cannot be provided in combination with an exec plugin for ${name}`] : []),
    ...(command ? [] : [needed('command')]),
    ...(apiVersion ? [] : [needed('apiVersion')]),
    ...(env ?? []).filter((each) => !each.name).map(() => needed('env variable name')),
    // Before version 1 it could be left out.
    ...(interactiveMode || apiVersion?.endsWith('beta1') || apiVersion?.endsWith('alpha1') ? [] : [needed('interactiveMode')]),
    ...(odd ? [`invalid interactiveMode for ${name}: ${JSON.stringify(interactiveMode)}`] : []),
  ];
}

function unreadable(what: string, file: string | undefined, name: string): string[] {
  if (!file) return [];
  try {
    accessSync(file);
    return [];
  } catch (error) {
    return [`unable to read ${what} ${file} for ${name} due to ${fileProblem(error)}`];
  }
}

/** @throws Error in Go's words for certificates and keys that are none. */
export function requirePem({ certData, keyData, caData }: HttpTransportOptions): void {
  const isPem = (data: unknown): boolean => data === undefined || String(data).includes('-----BEGIN ');
  if (!isPem(caData)) throw new Error('unable to load root certificates: unable to parse bytes as PEM block');
  if (!isPem(certData)) throw new Error('tls: failed to find any PEM data in certificate input');
  if (!isPem(keyData)) throw new Error('tls: failed to find any PEM data in key input');
}
