import { spawn } from 'node:child_process';
import { type Clock, errorMessage, systemClock } from '@keelson/base';
import type { ClientCertificate } from './connections.ts';
import { type PluginPolicy, requireAllowed } from './exec-policy.ts';
import type { ExecConfig, KubeconfigCluster } from './kubeconfig.ts';

/** What a credential program answered. */
export interface ExecCredential {
  readonly token: string | undefined;
  readonly certificate: ClientCertificate | undefined;
  /** Milliseconds since the epoch; never when absent. */
  readonly expires: number | undefined;
}

const allowAll: PluginPolicy = { type: '', allowlist: undefined };

/** Asks the program when its last answer has expired or was refused; requests that come meanwhile share one run. */
export class ExecCredentials {
  readonly #config: ExecConfig;
  readonly #cluster: KubeconfigCluster;
  readonly #policy: PluginPolicy;
  readonly #clock: Clock;
  #current: Promise<ExecCredential> | undefined;

  constructor(
    config: ExecConfig,
    cluster: KubeconfigCluster,
    { clock = systemClock, policy = allowAll }: { readonly clock?: Clock; readonly policy?: PluginPolicy | undefined } = {},
  ) {
    this.#config = config;
    this.#cluster = cluster;
    this.#clock = clock;
    this.#policy = policy;
  }

  /** @throws Error in client-go's words when the program is missing, fails or prints something else. */
  async get(): Promise<ExecCredential> {
    const current = this.#current ? await this.#current : undefined;
    if (current && (current.expires === undefined || this.#clock.now() < current.expires)) return current;
    const asked = runProgram(this.#config, this.#cluster, this.#policy);
    this.#current = asked;
    try {
      return await asked;
    } catch (error) {
      if (this.#current === asked) this.#current = undefined;
      throw new Error(`getting credentials: ${errorMessage(error)}`);
    }
  }

  forget(): void {
    this.#current = undefined;
  }
}

async function runProgram(config: ExecConfig, cluster: KubeconfigCluster, policy: PluginPolicy): Promise<ExecCredential> {
  const interactive = config.interactiveMode !== 'Never' && process.stdin.isTTY === true;
  if (config.interactiveMode === 'Always' && !interactive) {
    throw new Error('exec plugin cannot support interactive mode: standard input is not a terminal');
  }
  requireAllowed(config.command, policy);
  const info = {
    apiVersion: config.apiVersion,
    kind: 'ExecCredential',
    spec: { interactive, ...(config.provideClusterInfo ? { cluster: clusterInfo(cluster) } : {}) },
  };
  const env = Object.fromEntries((config.env ?? []).map(({ name, value }) => [name, value]));
  const output = await outputOf(config, { ...process.env, ...env, KUBERNETES_EXEC_INFO: JSON.stringify(info) }, interactive);
  return parseExecCredential(output, config.apiVersion);
}

/** What client-go says of a program that is not installed. */
function helpFor({ installHint }: ExecConfig): string {
  const told = 'It looks like you are trying to use a client-go credential plugin that is not installed.';
  const link = 'https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins';
  const lines = `${told}\n\nTo learn more about this feature, consult the documentation available at:\n      ${link}`;
  return installHint ? `${lines}\n\n${installHint}` : lines;
}

function outputOf(config: ExecConfig, env: NodeJS.ProcessEnv, interactive: boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(config.command, config.args ?? [], { env, stdio: [interactive ? 'inherit' : 'ignore', 'pipe', 'inherit'] });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('error', (error: NodeJS.ErrnoException) => {
      reject(
        new Error(
          error.code === 'ENOENT' ? `exec: executable ${config.command} not found\n\n${helpFor(config)}` : `exec: ${error.message}`,
        ),
      );
    });
    child.on('close', (code) => {
      if (code === 0) resolve(Buffer.concat(chunks).toString());
      else reject(new Error(`exec: executable ${config.command} failed with exit code ${code}`));
    });
  });
}

/** Reads an ExecCredential. @throws Error when it is not one, is of another version or carries no credential. */
export function parseExecCredential(text: string, apiVersion: string): ExecCredential {
  const credential: {
    apiVersion?: string;
    kind?: string;
    status?: { expirationTimestamp?: string; token?: string; clientCertificateData?: string; clientKeyData?: string };
  } = decoded(text);
  if (credential.apiVersion !== apiVersion) {
    throw new Error(`exec plugin is configured to use API version ${apiVersion}, plugin returned version ${credential.apiVersion ?? ''}`);
  }
  const { status } = credential;
  if (!status) throw new Error("exec plugin didn't return a status field");
  const { token, clientCertificateData: cert, clientKeyData: key, expirationTimestamp } = status;
  if (!token && !cert && !key) throw new Error("exec plugin didn't return a token or cert/key pair");
  if (!cert !== !key) throw new Error('exec plugin returned only certificate or key, not both');
  return {
    token,
    certificate: cert && key ? { cert, key } : undefined,
    expires: expirationTimestamp ? Date.parse(expirationTimestamp) : undefined,
  };
}

const typeMeta = String.raw`struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }`;

/** What is no JSON is a text to Go's decoder, which reads YAML too. */
function decoded(text: string): object {
  const value = parsed(text);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  const found = Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value;
  throw new Error(
    `decoding stdout: couldn't get version/kind; json parse error: json: cannot unmarshal ${found} into Go value of type ${typeMeta}`,
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function clusterInfo(cluster: KubeconfigCluster): object {
  const { server, 'certificate-authority-data': ca, 'insecure-skip-tls-verify': insecure, 'tls-server-name': serverName } = cluster;
  return {
    server,
    ...(ca ? { 'certificate-authority-data': ca } : {}),
    ...(insecure ? { 'insecure-skip-tls-verify': true } : {}),
    ...(serverName ? { 'tls-server-name': serverName } : {}),
  };
}
