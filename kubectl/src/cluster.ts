import { STATUS_CODES } from 'node:http';
import {
  type Api,
  type ClientRequest,
  connectionOf,
  createApi,
  type HttpTransportOptions,
  httpTransport,
  inClusterConnection,
  type Kubeconfig,
  type KubeconfigCluster,
  type KubeconfigUser,
  loadKubeconfig,
  type PluginPolicy,
  type ResolvedContext,
  resolveContext,
  type Transport,
} from '@keelson/client';
import { compareStrings, parseGoDuration } from '@keelson/machinery';
import { RequestTimeout } from './errors.ts';
import type { FlagValues } from './flags.ts';
import type { globalFlags } from './globals.ts';
import { logLine } from './log.ts';
import { discover } from './resource/discovery.ts';
import { Mapper } from './resource/mapper.ts';
import type { Shell } from './types.ts';
import { requirePem, requireUsable } from './usable.ts';
import { clientVersion } from './version.ts';

type Globals = FlagValues<typeof globalFlags>;

/** Milliseconds of a `--request-timeout`: whole seconds, or a duration. @throws Error in kubectl's words. */
function requestTimeout(text: string): number {
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  try {
    return parseGoDuration(text);
  } catch {
    throw new Error(
      'Invalid timeout value. Timeout must be a single integer in seconds, or an integer followed by a corresponding time unit (e.g. 1s | 2m | 3h)',
    );
  }
}

/** The cluster that the flags and the kubeconfig choose. Nothing is read or asked before it is needed. */
export class Cluster {
  readonly #flags: Globals;
  readonly #shell: Shell;
  readonly #plugins: PluginPolicy | undefined;
  #config: Kubeconfig | undefined;
  #resolved: ResolvedContext | undefined;
  #api: Api | undefined;
  #transport: Transport | undefined;
  #mapper: Promise<Mapper> | undefined;
  #warnings = 0;

  /** @param plugins which credential programs may run; all unless told. */
  constructor(flags: Globals, shell: Shell, plugins?: PluginPolicy) {
    this.#flags = flags;
    this.#plugins = plugins;
    this.#shell = shell;
  }

  /** What carries requests as they are, whatever the answer. */
  get transport(): Transport {
    this.#transport ??= this.#connect();
    return this.#transport;
  }

  get api(): Api {
    this.#api ??= createApi(this.transport, { clock: this.#shell.clock, onWarning: (text) => this.#warn(text) });
    return this.#api;
  }

  /** The namespace of `-n`, else of the context, else `default`. */
  get namespace(): string {
    return this.#flags.namespace || this.resolved.namespace || 'default';
  }

  /** Whether `-n` was given. */
  get namespaceGiven(): boolean {
    return this.#flags.namespace !== '';
  }

  /** `host:port`, for messages. */
  get address(): string {
    try {
      const url = new URL(this.connection().server);
      return `${url.hostname}:${url.port || (url.protocol === 'https:' ? '443' : '80')}`;
    } catch {
      return 'localhost:8080';
    }
  }

  /** `-v`. */
  get verbosity(): number {
    return this.#flags.v;
  }

  get config(): Kubeconfig {
    if (this.#shell.transport && !this.#flags.kubeconfig) return {};
    this.#config ??= loadKubeconfig(this.#flags.kubeconfig || undefined, this.#shell.env as NodeJS.ProcessEnv);
    return this.#config;
  }

  get resolved(): ResolvedContext {
    const { cluster } = this.#flags;
    if (cluster && !this.config.clusters?.some(({ name }) => name === cluster))
      throw new Error(`no server found for cluster ${JSON.stringify(cluster)}`);
    this.#resolved ??= overridden(resolveContext(this.config, this.#flags), this.#flags);
    return this.#resolved;
  }

  /** What the server serves, asked for once. */
  mapper(): Promise<Mapper> {
    this.#mapper ??= discover(this.api).then(
      (resources) => new Mapper(resources, (text) => void this.#shell.stderr.write(`Warning: ${text}\n`)),
    );
    return this.#mapper;
  }

  /** What a connection of one's own needs, for streams that leave HTTP. */
  connection(): HttpTransportOptions {
    const { resolved } = this;
    const chosen = this.#flags.server || resolved.cluster.server;
    const inside = chosen ? undefined : inClusterConnection(this.#shell.env as NodeJS.ProcessEnv);
    if (inside) return inside;
    requireUsable(resolved, { cluster: this.#chosenName('cluster'), user: this.#chosenName('user') });
    const { 'certificate-authority': file, 'certificate-authority-data': data, 'insecure-skip-tls-verify': insecure } = resolved.cluster;
    if (insecure && (file || data)) throw new Error('specifying a root certificates file with the insecure flag is not allowed');
    const options = connectionOf(resolved, this.#plugins);
    requirePem(options);
    return options;
  }

  /** Headers that say on whose behalf requests are made. */
  impersonation(): Record<string, string | string[]> {
    const { user } = this.resolved;
    const groups = this.#flags['as-group'].length > 0 ? [...this.#flags['as-group']] : (user['as-groups'] ?? []);
    const name = this.#flags.as || user.as || '';
    const uid = this.#flags['as-uid'] || user['as-uid'] || '';
    const extra = extraOf(this.#flags['as-user-extra']);
    if (name === '' && (groups.length > 0 || uid !== '' || Object.keys(extra).length > 0))
      throw new Error(`requesting uid, groups or user-extra for ${this.#chosenName('user')} without impersonating a user`);
    return {
      ...(name === '' ? {} : { 'impersonate-user': name }),
      ...(uid === '' ? {} : { 'impersonate-uid': uid }),
      ...(groups.length === 0 ? {} : { 'impersonate-group': groups }),
      ...Object.fromEntries(Object.entries(extra).map(([key, values]) => [`impersonate-extra-${encodeURIComponent(key)}`, [...values]])),
    };
  }

  /** The name of the context's cluster or user, where no flag says another. */
  #chosenName(what: 'cluster' | 'user'): string {
    const name = this.#flags.context || this.config['current-context'];
    return this.#flags[what] || (this.config.contexts?.find((each) => each.name === name)?.context[what] ?? '');
  }

  /** The number of warnings the server sent. */
  get warnings(): number {
    return this.#warnings;
  }

  close(): void {
    if (!this.#shell.transport) this.#transport?.close();
  }

  #connect(): Transport {
    const inner = this.#shell.transport ?? httpTransport({ ...this.connection(), clock: this.#shell.clock, userAgent: userAgent() });
    const headers = this.impersonation();
    const plain = Object.keys(headers).length === 0 && this.#flags.v < 6 && requestTimeout(this.#flags['request-timeout']) === 0;
    if (plain) return inner;
    return { send: (request) => this.#send(inner, request, headers), close: () => inner.close() };
  }

  async #send(inner: Transport, request: ClientRequest, headers: Record<string, string | string[]>): ReturnType<Transport['send']> {
    const { clock } = this.#shell;
    const started = clock.now();
    const timeout = requestTimeout(this.#flags['request-timeout']);
    const signal = timeout > 0 ? AbortSignal.any([...(request.signal ? [request.signal] : []), this.#deadline(timeout)]) : request.signal;
    // Node sends a header with several values once for each; the transport's type only speaks of one.
    const all = { ...request.headers, ...headers } as Record<string, string>;
    const { v } = this.#flags;
    const path = withOrderedQuery(request.path);
    const asked = `verb="${request.method}" url="${this.#shell.transport ? '' : this.connection().server}${path}"`;
    if (v >= 7) logLine(this.#shell, 'I', 'round_trippers.go:527', `"Request" ${asked} headers=<\n${headerLines(all)} >`);
    const response = await inner.send({ ...request, path, signal, headers: all });
    if (v >= 6) {
      const status = `${response.status} ${STATUS_CODES[response.status] ?? ''}`.trim();
      const told = `"Response" ${v === 6 ? `${asked} ` : ''}status="${status}" milliseconds=${clock.now() - started}`;
      logLine(this.#shell, 'I', 'round_trippers.go:632', told);
    }
    if (v >= 8 && request.body !== undefined)
      logLine(this.#shell, 'I', 'helper.go:113', `"Request Body" body=${JSON.stringify(String(request.body))}`);
    return response;
  }

  #deadline(timeout: number): AbortSignal {
    const stop = new AbortController();
    this.#shell.clock.after(timeout, () => stop.abort(new RequestTimeout()));
    return stop.signal;
  }

  #warn(text: string): void {
    this.#warnings++;
    this.#shell.stderr.write(`Warning: ${text}\n`);
  }
}

/** Parameters stand in the order of their names, as in the addresses that upstream's kubectl tells. */
function withOrderedQuery(path: string): string {
  const at = path.indexOf('?');
  if (at === -1) return path;
  const parameters = path.slice(at + 1).split('&');
  return `${path.slice(0, at)}?${parameters.sort((a, b) => compareStrings(nameOf(a), nameOf(b))).join('&')}`;
}

function nameOf(parameter: string): string {
  return parameter.split('=', 1)[0] ?? '';
}

/** One line for each header. Credentials are not told: they are the transport's. */
function headerLines(headers: Readonly<Record<string, string>>): string {
  return Object.entries(headers)
    .map(([name, value]) => `\t${name.replace(/\b[a-z]/g, (letter) => letter.toUpperCase())}: ${value}\n`)
    .join('');
}

/** What `KEY=VALUE` of several flags say together. @throws Error for a flag without a key. */
function extraOf(flags: readonly string[]): Readonly<Record<string, readonly string[]>> {
  const extra: Record<string, string[]> = {};
  for (const flag of flags) {
    const at = flag.indexOf('=');
    if (at < 1) throw new Error(`invalid --as-user-extra: ${JSON.stringify(flag)}, expected KEY=VALUE`);
    const key = flag.slice(0, at);
    extra[key] = [...(extra[key] ?? []), flag.slice(at + 1)];
  }
  return extra;
}

function userAgent(): string {
  return `kubectl/${clientVersion.gitVersion} (${clientVersion.platform}) kubernetes/keelson`;
}

/** The context with what flags say instead of the file. */
function overridden(resolved: ResolvedContext, flags: Globals): ResolvedContext {
  const cluster: KubeconfigCluster = { ...resolved.cluster };
  const user: KubeconfigUser = { ...resolved.user };
  if (flags.server) cluster.server = flags.server;
  if (flags['tls-server-name']) cluster['tls-server-name'] = flags['tls-server-name'];
  if (flags['insecure-skip-tls-verify']) {
    delete cluster['certificate-authority'];
    delete cluster['certificate-authority-data'];
    cluster['insecure-skip-tls-verify'] = true;
  }
  if (flags['certificate-authority']) {
    delete cluster['certificate-authority-data'];
    cluster['certificate-authority'] = flags['certificate-authority'];
  }
  if (flags.token) {
    delete user.tokenFile;
    // Who has a token is not asked who he is.
    delete user.exec;
    user.token = flags.token;
  }
  if (flags.username) Object.assign(user, { username: flags.username, password: flags.password });
  for (const name of ['client-certificate', 'client-key'] as const) {
    if (!flags[name]) continue;
    delete user[`${name}-data`];
    user[name] = flags[name];
  }
  return { ...resolved, cluster, user };
}
