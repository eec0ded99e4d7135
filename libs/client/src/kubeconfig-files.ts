import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { type Clock, errorMessage } from '@keelson/base';
import { parse } from 'yaml';
import { certificateFromFiles } from './certificate-files.ts';
import { ExecCredentials } from './exec-credential.ts';
import type { PluginPolicy } from './exec-policy.ts';
import { type HttpTransportOptions, httpTransport } from './http.ts';
import { absolutePaths, type Kubeconfig, mergeKubeconfigs, type ResolvedContext, renderKubeconfig, resolveContext } from './kubeconfig.ts';
import { proxyFor } from './proxy.ts';
import type { Transport } from './types.ts';

const serviceAccountFolder = '/var/run/secrets/kubernetes.io/serviceaccount';

/** `~/.kube/config`. */
export function defaultKubeconfigPath(): string {
  return join(homedir(), '.kube', 'config');
}

/**
 * The kubeconfig kubectl would use: `path` if given, else the files listed in `KUBECONFIG`, else `~/.kube/config`. Files of a list
 * that do not exist are passed over. The names of files inside become absolute, unless `read` leaves them as they are. @throws Error in kubectl's words.
 */
export function loadKubeconfig(path?: string, env: NodeJS.ProcessEnv = process.env, read = readKubeconfig): Kubeconfig {
  if (path && !existsSync(path)) throw new Error(`stat ${path}: no such file or directory`);
  const listed = env.KUBECONFIG?.split(delimiter).filter(Boolean) ?? [];
  const paths = path ? [path] : listed.length > 0 ? listed : [defaultKubeconfigPath()];
  return mergeKubeconfigs(paths.filter((file) => existsSync(file)).map((file) => read(file)));
}

/** One file, its file names made absolute. @throws as `readKubeconfigAsIs`. */
export function readKubeconfig(path: string): Kubeconfig {
  return absolutePaths(readKubeconfigAsIs(path), dirname(resolve(path)));
}

/** One file as it is written. @throws Error naming the file when it cannot be read as a kubeconfig. */
export function readKubeconfigAsIs(path: string): Kubeconfig {
  try {
    const text = readFileSync(path, 'utf8');
    const config: Kubeconfig | null = text.startsWith('{') ? JSON.parse(text) : parse(text);
    requireConfig(config ?? {});
    return config ?? {};
  } catch (error) {
    throw new Error(`error loading config file "${path}": ${errorMessage(error)}`);
  }
}

/** What says nothing of what it is counts as a kubeconfig. @throws Error in client-go's words, which name the place where it knows its kinds. */
function requireConfig({ apiVersion, kind, ...lists }: Kubeconfig): void {
  for (const [name, type] of [
    ['clusters', 'NamedCluster'],
    ['contexts', 'NamedContext'],
    ['users', 'NamedAuthInfo'],
  ] as const)
    if (lists[name] && !Array.isArray(lists[name]))
      throw new Error(`json: cannot unmarshal object into Go struct field Config.${name} of type []v1.${type}`);
  for (const { cluster } of lists.clusters ?? []) requireBase64(cluster?.['certificate-authority-data']);
  for (const { user } of lists.users ?? []) {
    requireBase64(user?.['client-certificate-data']);
    requireBase64(user?.['client-key-data']);
  }
  const [version, named] = [apiVersion || 'v1', kind || 'Config'];
  if (version === 'v1' && named === 'Config') return;
  const scheme = 'k8s.io/client-go/tools/clientcmd/api/latest/latest.go:50';
  throw new Error(`no kind ${JSON.stringify(named)} is registered for version ${JSON.stringify(version)} in scheme "${scheme}"`);
}

function requireBase64(text = ''): void {
  const at = text.search(/[^A-Za-z0-9+/=\r\n]/);
  if (at !== -1) throw new Error(`illegal base64 data at input byte ${at}`);
}

/** Writes the file for its owner alone (mode 0600), making its folder if need be. */
export function writeKubeconfig(path: string, config: Kubeconfig): void {
  mkdirSync(dirname(resolve(path)), { recursive: true });
  writeFileSync(path, renderKubeconfig(config), { mode: 0o600 });
}

/**
 * The transport of a context, the current one unless named, with a client certificate as its files become. A pod with no kubeconfig calls
 * its own cluster.
 */
export function transportFor(config: Kubeconfig, context?: string, options: Partial<HttpTransportOptions> = {}): Transport {
  const empty = !context && !config.contexts?.length && !config.clusters?.length;
  const own = empty ? inClusterConnection() : undefined;
  if (own) return httpTransport({ ...own, ...options });
  const resolved = resolveContext(config, { context });
  const connection = connectionOf(resolved);
  return httpTransport({ ...connection, ...replacedCertificate(resolved, connection, options.clock), ...options });
}

/** Nothing where the certificate is not in files of its own. */
function replacedCertificate(
  { user }: ResolvedContext,
  { certData, keyData, certificateSource }: HttpTransportOptions,
  clock: Clock | undefined,
): Pick<HttpTransportOptions, 'certificateSource'> {
  const { 'client-certificate': cert, 'client-key': key } = user;
  const inFiles = cert && key && !user['client-certificate-data'] && !user['client-key-data'];
  if (!inFiles || !certData || !keyData || certificateSource) return {};
  return { certificateSource: certificateFromFiles({ cert, key }, { cert: certData, key: keyData }, clock) };
}

/**
 * What `httpTransport` needs to call a context's cluster as its user. Reads the files they name.
 * @param policy which credential programs may run; all unless told.
 * @throws Error in kubectl's words.
 */
export function connectionOf({ cluster, user }: ResolvedContext, policy?: PluginPolicy): HttpTransportOptions {
  const credentials = user.exec ? new ExecCredentials(user.exec, cluster, { policy }) : undefined;
  return {
    server: serverAddress(cluster.server),
    caData: pem(cluster, 'certificate-authority'),
    certData: pem(user, 'client-certificate'),
    keyData: pem(user, 'client-key'),
    token: user.token,
    tokenFile: user.tokenFile,
    username: user.username,
    password: user.password,
    insecureSkipTLSVerify: cluster['insecure-skip-tls-verify'],
    serverName: cluster['tls-server-name'],
    proxyUrl: proxyFor(serverAddress(cluster.server), cluster['proxy-url'], process.env),
    ...(credentials && {
      tokenSource: async () => (await credentials.get()).token,
      certificateSource: async () => (await credentials.get()).certificate,
      onUnauthorized: () => credentials.forget(),
    }),
  };
}

/** The API server as pods see it, when this process runs in one. */
export function inClusterConnection(env: NodeJS.ProcessEnv = process.env, folder = serviceAccountFolder): HttpTransportOptions | undefined {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = env;
  const tokenFile = join(folder, 'token');
  if (!host || !port || !existsSync(tokenFile)) return undefined;
  const ca = join(folder, 'ca.crt');
  const server = `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
  return {
    server,
    proxyUrl: proxyFor(server, undefined, env),
    tokenFile,
    caData: existsSync(ca) ? readFileSync(ca) : undefined,
  };
}

/** An address without a scheme is plain HTTP, none at all the place kubectl falls back to. */
function serverAddress(server: string | undefined): string {
  if (!server) return 'http://localhost:8080';
  return server.includes('://') ? server : `http://${server}`;
}

function pem<F extends string>(fields: { readonly [K in F | `${F}-data`]?: string }, name: F): Buffer | undefined {
  const data = fields[`${name}-data`];
  if (data) return Buffer.from(data, 'base64');
  const path = fields[name];
  if (!path) return undefined;
  try {
    return readFileSync(path);
  } catch {
    throw new Error(`unable to read ${name} ${path}: open ${path}: no such file or directory`);
  }
}
