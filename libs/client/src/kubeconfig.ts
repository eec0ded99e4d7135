import { isAbsolute, join } from 'node:path';
import { stringify } from 'yaml';

/** A kubeconfig file, fields named as in the file. */
export interface Kubeconfig {
  apiVersion?: string;
  kind?: string;
  clusters?: { name: string; cluster: KubeconfigCluster }[];
  contexts?: { name: string; context: KubeconfigContext }[];
  'current-context'?: string;
  users?: { name: string; user: KubeconfigUser }[];
  preferences?: Record<string, unknown>;
  extensions?: unknown[];
}

export interface KubeconfigCluster {
  server?: string;
  'certificate-authority'?: string;
  /** Base64 of PEM, as every `-data` field. */
  'certificate-authority-data'?: string;
  'insecure-skip-tls-verify'?: boolean;
  'tls-server-name'?: string;
  'proxy-url'?: string;
  'disable-compression'?: boolean;
  extensions?: unknown[];
}

export interface KubeconfigContext {
  cluster: string;
  user: string;
  namespace?: string;
  extensions?: unknown[];
}

export interface KubeconfigUser {
  'client-certificate'?: string;
  'client-certificate-data'?: string;
  'client-key'?: string;
  'client-key-data'?: string;
  token?: string;
  tokenFile?: string;
  username?: string;
  password?: string;
  as?: string;
  'as-uid'?: string;
  'as-groups'?: string[];
  exec?: ExecConfig;
  extensions?: unknown[];
}

/** A program that prints an ExecCredential. */
export interface ExecConfig {
  apiVersion: string;
  command: string;
  args?: string[] | null;
  env?: { name: string; value: string }[] | null;
  installHint?: string;
  provideClusterInfo?: boolean;
  interactiveMode?: 'Never' | 'IfAvailable' | 'Always';
}

/** A context with what it names: whom to call, as whom, about which namespace. */
export interface ResolvedContext {
  readonly context: string;
  readonly namespace: string | undefined;
  readonly cluster: KubeconfigCluster;
  readonly user: KubeconfigUser;
}

/** What `--context`, `--cluster` and `--user` choose. */
export interface ContextChoice {
  readonly context?: string | undefined;
  readonly cluster?: string | undefined;
  readonly user?: string | undefined;
}

/** Joins files as `KUBECONFIG` lists do: whoever names a cluster, context, user or the current context first wins. */
export function mergeKubeconfigs(configs: readonly Kubeconfig[]): Kubeconfig {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: firstByName(configs.map((config) => config.clusters)),
    contexts: firstByName(configs.map((config) => config.contexts)),
    users: firstByName(configs.map((config) => config.users)),
    'current-context': configs.map((config) => config['current-context']).find(Boolean) ?? '',
    ...mergedPreferences(configs),
  };
}

/** Nothing where no file has any. */
function mergedPreferences(configs: readonly Kubeconfig[]): Pick<Kubeconfig, 'preferences'> {
  const preferences = Object.assign({}, ...configs.map((config) => config.preferences).reverse()) as Record<string, unknown>;
  return Object.keys(preferences).length > 0 ? { preferences } : {};
}

/** Makes the file names of a kubeconfig, which are relative to its folder, absolute. Pure: touches no file. */
export function absolutePaths(config: Kubeconfig, folder: string): Kubeconfig {
  const at = (path: string | undefined): string | undefined => (path && !isAbsolute(path) ? join(folder, path) : path);
  return {
    ...config,
    // Of an entry there may be nothing but the name.
    clusters: (config.clusters ?? []).map(({ name, cluster: given }) => {
      const cluster = given ?? {};
      return { name, cluster: withDefined(cluster, { 'certificate-authority': at(cluster['certificate-authority']) }) };
    }),
    users: (config.users ?? []).map(({ name, user: given }) => {
      const user = given ?? {};
      return {
        name,
        user: withDefined(user, {
          'client-certificate': at(user['client-certificate']),
          'client-key': at(user['client-key']),
          tokenFile: at(user.tokenFile),
          // A bare command is looked up on the PATH.
          exec: user.exec?.command?.includes('/') ? { ...user.exec, command: at(user.exec.command) ?? '' } : undefined,
        }),
      };
    }),
  };
}

/** What a context names and the config lacks is as if it were empty. @throws Error in kubectl's words for a choice that the config lacks. */
export function resolveContext(config: Kubeconfig, choice: ContextChoice = {}): ResolvedContext {
  const name = choice.context || config['current-context'] || '';
  const context = config.contexts?.find((entry) => entry.name === name)?.context;
  if (!context && choice.context) throw new Error(`context "${name}" does not exist`);
  if (!context && name) throw new Error(`invalid configuration: context was not found for specified context: ${name}`);
  const clusterName = choice.cluster || context?.cluster || '';
  const userName = choice.user || context?.user || '';
  const cluster = config.clusters?.find((entry) => entry.name === clusterName)?.cluster;
  const user = config.users?.find((entry) => entry.name === userName)?.user;
  if (!cluster && choice.cluster) throw new Error(`cluster "${clusterName}" does not exist`);
  if (!user && choice.user) throw new Error(`auth info "${userName}" does not exist`);
  return { context: name, namespace: context?.namespace || undefined, cluster: cluster ?? {}, user: user ?? {} };
}

/** The file's text: YAML with keys in order, as `kubectl config` writes it. */
export function renderKubeconfig(config: Kubeconfig): string {
  const lists = {
    clusters: byName(config.clusters)?.map((each) => ({ ...each, cluster: { server: '', ...each.cluster } })) ?? null,
    contexts: byName(config.contexts) ?? null,
    users: byName(config.users) ?? null,
  };
  const whole = { apiVersion: 'v1', kind: 'Config', 'current-context': '', ...config, ...lists };
  // Of version 1.1, since others read it so: `y` is a truth value there.
  return stringify(whole, { sortMapEntries: true, lineWidth: 0, indentSeq: false, version: '1.1' });
}

function byName<E extends { readonly name: string }>(list: readonly E[] | null | undefined): E[] | undefined {
  return list?.length ? [...list].sort((a, b) => (a.name < b.name ? -1 : 1)) : undefined;
}

function firstByName<E extends { name: string }>(lists: readonly (E[] | null | undefined)[]): E[] {
  const found = new Map<string, E>();
  for (const entry of lists.flatMap((list) => list ?? [])) if (!found.has(entry.name)) found.set(entry.name, entry);
  return [...found.values()];
}

function withDefined<T extends object>(base: T, changes: { readonly [K in keyof T]?: T[K] | undefined }): T {
  return { ...base, ...Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined)) };
}
