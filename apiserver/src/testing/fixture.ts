import { generateKeyPairSync } from 'node:crypto';
import { seededRandom, silentLogger, systemClock } from '@keelson/base';
import { type Api, type ApiOptions, type ClientRequest, createApi, inProcessTransport, readBody, type Transport } from '@keelson/client';
import { createCA, publicKeyOf } from '@keelson/pki';
import { Registry as Metrics } from 'prom-client';
import type { Auditor } from '../audit/auditor.ts';
import type { AuditSurroundings } from '../audit/settings.ts';
import { createTokens } from '../auth/tokens/tokens.ts';
import type { Trust } from '../auth/trust.ts';
import type { Services, TokenTerms } from '../http/services.ts';
import { type ApiServer, createServer, type ServerConfig } from '../server.ts';
import { createMemoryStore } from '../storage/memory/memory.ts';
import type { Store } from '../storage/types.ts';

type Usual =
  | 'version'
  | 'serviceCIDR'
  | 'nodePorts'
  | 'disabledAdmission'
  | 'bootstrapTokens'
  | 'kubelets'
  | 'trust'
  | 'compactionInterval';
type Own = 'metrics' | 'signal' | 'tokens' | 'auditor';

/** What differs from the usual server; trust is in an authority that has signed nobody. */
export interface FixtureOptions extends Partial<Omit<ServerConfig, Own>> {
  readonly auditor?: (around: AuditSurroundings) => Auditor;
  readonly authentication?: Pick<ServerConfig, 'anonymous' | 'otherTokens'>;
  readonly terms?: TokenTerms;
}

/** What an exchange came to. `json` parses the body. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  readonly bytes: Buffer;
  json<T = Record<string, unknown>>(): T;
}

/** The whole API server on a memory store, without sockets. */
export interface Fixture {
  readonly server: ApiServer;
  readonly store: Store;
  readonly metrics: Metrics;
  /** As a cluster administrator. */
  readonly api: Api;
  /** As somebody else. */
  as(name: string, groups?: readonly string[], options?: ApiOptions): Api;
  transport(name?: string, groups?: readonly string[]): Transport;
  /** One request as an administrator, whatever the answer. */
  send(method: ClientRequest['method'], path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  /** One request without an identity but what `headers` prove. */
  sendAnonymous(method: ClientRequest['method'], path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  close(): Promise<void>;
}

export const testIssuer = 'https://kubernetes.default.svc.cluster.local';
const signingKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

/** What the fixture's service-account tokens are made and checked with. */
export const testKeys = { issuer: testIssuer, signingKey, publicKeys: [publicKeyOf(signingKey)], audiences: [testIssuer] };

const emptyTrust: Trust = { clientCA: (await createCA({ commonName: 'nobody', days: 1, clock: systemClock })).certPem };

const unreachable = (): Promise<never> => Promise.reject(new Error('no kubelets'));
const noKubelets: Services['kubelets'] = { send: unreachable, dial: unreachable };

const usual: Pick<ServerConfig, Usual> = {
  version: { major: '1', minor: '36', gitVersion: 'v1.36.0' },
  serviceCIDR: '10.96.0.0/16',
  nodePorts: { from: 30_000, to: 32_767 },
  disabledAdmission: [],
  bootstrapTokens: true,
  kubelets: noKubelets,
  trust: () => emptyTrust,
  compactionInterval: 300_000,
};

/** A bootstrapped server; the caller closes it. */
export async function startServer(options: FixtureOptions = {}): Promise<Fixture> {
  const { auditor, authentication, terms, ...given } = options;
  const { clock = systemClock, random = seededRandom(1), log = silentLogger } = given;
  const store = given.store ?? createMemoryStore({ clock });
  const stop = new AbortController();
  const metrics = new Metrics();
  const server = await createServer({
    ...{ ...usual, ...given, ...authentication },
    ...{ store, clock, random, log, metrics, signal: stop.signal },
    auditor: auditor?.({ metrics, clock, random, log, signal: stop.signal }),
    tokens: () => createTokens({ ...testKeys, ...(terms ? { terms } : {}), clock }),
  });
  await server.bootstrap({ address: '192.0.2.1', port: 6443 });
  const transport: Fixture['transport'] = (name = 'admin', groups = ['system:masters']) =>
    inProcessTransport(server.handle, { name, groups });
  const admin = transport();
  const nobody = inProcessTransport(server.handle);
  return {
    ...{ server, store, metrics, transport },
    api: createApi(admin),
    as: (name, groups = [], apiOptions = {}) => createApi(transport(name, groups), apiOptions),
    send: exchange.bind(undefined, admin),
    sendAnonymous: exchange.bind(undefined, nobody),
    async close() {
      stop.abort();
      await server.stopped;
      await store.close();
    },
  };
}

async function exchange(
  transport: Transport,
  method: ClientRequest['method'],
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const response = await transport.send({ method, path, headers, ...(body === undefined ? {} : { body: textOf(body) }) });
  const bytes = await readBody(response);
  const text = bytes.toString();
  return { status: response.status, headers: response.headers, text, bytes, json: <T>() => JSON.parse(text) as T };
}

function textOf(body: unknown): string | Buffer {
  return typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
}

/** The smallest pod that passes validation, and what is laid over it. */
export function podOf(name: string, over: { metadata?: object; spec?: object } = {}): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, ...over.metadata },
    spec: { containers: [{ name: 'main', image: 'registry.local/app:1' }], ...over.spec },
  };
}

/** A Deployment of one container that selects its own template. */
export function deploymentOf(name: string, spec: object = {}): object {
  const labels = { app: name };
  const template = { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'registry.local/app:1' }] } };
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name }, spec: { selector: { matchLabels: labels }, template, ...spec } };
}
