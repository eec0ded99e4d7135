import { readFile } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import { createSecureContext } from 'node:tls';
import { createGunzip } from 'node:zlib';
import { type Clock, systemClock } from '@keelson/base';
import type { ClientRequest, ClientResponse, Transport } from './types.ts';

/** A client certificate and its private key, PEM. */
export interface ClientCertificate {
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
}

export interface HttpTransportOptions {
  /** `https://host:port`, with a path prefix if the API has one. */
  readonly server: string;
  /** PEM. The machine's own authorities when absent. */
  readonly caData?: string | Buffer | undefined;
  readonly certData?: string | Buffer | undefined;
  readonly keyData?: string | Buffer | undefined;
  readonly token?: string | undefined;
  /** Read again every minute: kubelets and token controllers replace it. */
  readonly tokenFile?: string | undefined;
  /** Asked before every request; caches for itself. */
  readonly tokenSource?: (() => Promise<string | undefined>) | undefined;
  /** Asked before every request; when it hands out another object, new connections use that one. */
  readonly certificateSource?: (() => Promise<ClientCertificate | undefined>) | undefined;
  /** Called when the server answered 401, so that sources drop what they cached. */
  readonly onUnauthorized?: (() => void) | undefined;
  readonly userAgent?: string | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly insecureSkipTLSVerify?: boolean | undefined;
  /** The name to verify in the server's certificate, when it is not the server's host. */
  readonly serverName?: string | undefined;
  /** Connections for plain requests, 32 unless told. Streams have as many as they need. */
  readonly maxSockets?: number | undefined;
  readonly clock?: Clock;
}

interface Agents {
  readonly certificate: ClientCertificate | undefined;
  readonly plain: http.Agent;
  /** Watches and followed logs hold a connection for minutes: they may not use up those of plain requests. */
  readonly streams: http.Agent;
}

const tokenFileLife = 60_000;

/** Methods that may be sent again when the first sending may have reached the server. */
const idempotent: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);

const streamPath = /[?&](?:watch|follow)=(?:true|1)(?:&|$)/;

/** HTTP/1.1 over kept-alive connections, with TLS sessions resumed. */
export function httpTransport(options: HttpTransportOptions): Transport {
  return new HttpTransport(options);
}

class HttpTransport implements Transport {
  readonly #options: HttpTransportOptions;
  readonly #prefix: string;
  readonly #target: { readonly host: string; readonly port: number; readonly secure: boolean };
  readonly #headers: Readonly<Record<string, string>>;
  readonly #token: (() => Promise<string | undefined>) | undefined;
  #agents: Agents;

  constructor(options: HttpTransportOptions) {
    const url = new URL(options.server);
    const secure = url.protocol === 'https:';
    this.#options = options;
    this.#prefix = url.pathname.replace(/\/+$/, '');
    this.#target = { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port) || (secure ? 443 : 80), secure };
    this.#headers = fixedHeaders(options);
    this.#token = tokenOf(options);
    const { certData: cert, keyData: key } = options;
    this.#agents = this.#connectAs(cert && key ? { cert, key } : undefined);
  }

  async send(request: ClientRequest): Promise<ClientResponse> {
    const { certificateSource, onUnauthorized } = this.#options;
    if (certificateSource) this.#useCertificate(await certificateSource());
    const token = this.#token ? await this.#token() : undefined;
    const headers = { ...this.#headers, ...(token ? { authorization: `Bearer ${token}` } : {}), ...request.headers };
    const response = await this.#exchange(request, headers, idempotent.has(request.method));
    if (response.status === 401) onUnauthorized?.();
    return response;
  }

  close(): void {
    this.#agents.plain.destroy();
    this.#agents.streams.destroy();
  }

  #exchange(request: ClientRequest, headers: Record<string, string>, mayRepeat: boolean): Promise<ClientResponse> {
    return new Promise((resolve, reject) => {
      const { signal, body } = request;
      if (signal?.aborted) return reject(signal.reason);
      const outgoing = this.#open(request, headers);
      // Node leaves the length out for methods that rarely have a body, DELETE among them, and the server then reads none.
      if (body !== undefined) outgoing.setHeader('content-length', Buffer.byteLength(body));
      let aborting: { destroy(error?: Error): unknown } = outgoing;
      const abort = (): void => void aborting.destroy(signal?.reason);
      const forget = (): void => signal?.removeEventListener('abort', abort);
      signal?.addEventListener('abort', abort, { once: true });
      outgoing.on('error', (error: NodeJS.ErrnoException) => {
        forget();
        // The server closed the idle connection as we took it: nobody has read our request.
        const stale = outgoing.reusedSocket && error.code === 'ECONNRESET' && !signal?.aborted;
        if (mayRepeat && stale) resolve(this.#exchange(request, headers, false));
        else reject(signal?.aborted ? signal.reason : error);
      });
      outgoing.on('response', (incoming) => {
        aborting = incoming;
        incoming.on('close', forget);
        resolve(asResponse(incoming));
      });
      outgoing.end(body);
    });
  }

  #open(request: ClientRequest, headers: Record<string, string>): http.ClientRequest {
    const { secure, host, port } = this.#target;
    return (secure ? https : http).request({
      host,
      port,
      method: request.method,
      path: this.#prefix + request.path,
      headers,
      agent: streamPath.test(request.path) ? this.#agents.streams : this.#agents.plain,
    });
  }

  #useCertificate(certificate: ClientCertificate | undefined): void {
    if (certificate === this.#agents.certificate) return;
    const { plain, streams } = this.#agents;
    this.#agents = this.#connectAs(certificate);
    retire(plain);
    retire(streams);
  }

  #connectAs(certificate: ClientCertificate | undefined): Agents {
    const { maxSockets = 32 } = this.#options;
    if (!this.#target.secure) {
      return { certificate, plain: new http.Agent({ keepAlive: true, maxSockets }), streams: new http.Agent({ keepAlive: true }) };
    }
    const { caData, serverName, insecureSkipTLSVerify } = this.#options;
    // One parsed context for all connections; it also keeps the keys of the agents' pools short.
    const secureContext = createSecureContext({ ...(caData ? { ca: caData } : {}), ...certificate });
    const tls = {
      keepAlive: true,
      secureContext,
      rejectUnauthorized: !insecureSkipTLSVerify,
      ...(serverName ? { servername: serverName } : {}),
    };
    return { certificate, plain: new https.Agent({ ...tls, maxSockets }), streams: new https.Agent(tls) };
  }
}

/** Lets the agent's requests finish and keeps none of its connections. */
function retire(agent: http.Agent): void {
  agent.maxFreeSockets = 0;
  for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
}

function asResponse(incoming: http.IncomingMessage): ClientResponse {
  const destroy = (): void => void incoming.destroy();
  const head = { status: incoming.statusCode ?? 0, headers: incoming.headers };
  if (incoming.headers['content-encoding'] !== 'gzip') return { ...head, chunks: incoming, destroy };
  const gunzip = createGunzip();
  incoming.on('error', (error) => gunzip.destroy(error));
  return { ...head, chunks: incoming.pipe(gunzip), destroy };
}

function fixedHeaders(options: HttpTransportOptions): Record<string, string> {
  const headers: Record<string, string> = {};
  if (options.userAgent) headers['user-agent'] = options.userAgent;
  if (options.username !== undefined) {
    headers.authorization = `Basic ${Buffer.from(`${options.username}:${options.password ?? ''}`).toString('base64')}`;
  }
  return headers;
}

function tokenOf(options: HttpTransportOptions): (() => Promise<string | undefined>) | undefined {
  const { token, tokenFile, tokenSource, clock = systemClock } = options;
  if (tokenSource) return tokenSource;
  if (tokenFile) return tokenFromFile(tokenFile, clock);
  return token ? () => Promise.resolve(token) : undefined;
}

/** Keeps serving the last token while the file cannot be read, as client-go does. */
function tokenFromFile(path: string, clock: Clock): () => Promise<string | undefined> {
  let known: { readonly token: string; readonly until: number } | undefined;
  return async () => {
    if (known && clock.now() < known.until) return known.token;
    try {
      known = { token: (await readFile(path, 'utf8')).trim(), until: clock.now() + tokenFileLife };
    } catch (error) {
      if (!known) throw error;
    }
    return known.token;
  };
}
