import { readFile } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import { createGunzip } from 'node:zlib';
import { type Clock, systemClock } from '@keelson/base';
import type { Answer } from './answers.ts';
import { type ClientCertificate, type Connections, type ConnectionTerms, connectionsTo, type Target } from './connections.ts';
import type { Links } from './links.ts';
import { requestText } from './request-text.ts';
import type { ClientRequest, ClientResponse, Transport } from './types.ts';

export interface HttpTransportOptions extends ConnectionTerms {
  /** `https://host:port`, with a path prefix if the API has one. */
  readonly server: string;
  readonly certData?: string | Buffer | undefined;
  readonly keyData?: string | Buffer | undefined;
  readonly token?: string | undefined;
  /** Read again every minute: kubelets and token controllers replace it. */
  readonly tokenFile?: string | undefined;
  /** Asked before every request; caches for itself. */
  readonly tokenSource?: (() => Promise<string | undefined>) | undefined;
  /** Asked before every request; when it hands out another one, new connections use that. */
  readonly certificateSource?: (() => Promise<ClientCertificate | undefined>) | undefined;
  /** Called when the server answered 401, so that sources drop what they cached. */
  readonly onUnauthorized?: (() => void) | undefined;
  readonly userAgent?: string | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
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
  readonly #target: Target;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #token: (() => Promise<string | undefined>) | undefined;
  #connections: Connections;

  constructor(options: HttpTransportOptions) {
    const url = new URL(options.server);
    const secure = url.protocol === 'https:';
    this.#options = options;
    this.#prefix = url.pathname.replace(/\/+$/, '');
    this.#target = { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port) || (secure ? 443 : 80), secure };
    this.#headers = fixedHeaders(options);
    this.#token = tokenOf(options);
    const { certData: cert, keyData: key } = options;
    this.#connections = connectionsTo(this.#target, options, cert && key ? { cert, key } : undefined);
  }

  async send(request: ClientRequest): Promise<ClientResponse> {
    const { certificateSource, onUnauthorized } = this.#options;
    if (certificateSource) this.#useCertificate(await certificateSource());
    const token = this.#token ? await this.#token() : undefined;
    const headers = { ...this.#headers, ...(token ? { authorization: `Bearer ${token}` } : {}), ...request.headers };
    const { links } = this.#connections;
    const mayRepeat = idempotent.has(request.method);
    const response =
      links && joins(request) ? await this.#join(links, request, headers, mayRepeat) : await this.#exchange(request, headers, mayRepeat);
    if (response.status === 401) onUnauthorized?.();
    return response;
  }

  close(): void {
    this.#connections.close();
  }

  async #join(links: Links, request: ClientRequest, headers: Record<string, string>, mayRepeat: boolean): Promise<ClientResponse> {
    const { signal } = request;
    signal?.throwIfAborted();
    const text = requestText(this.#target, { ...request, path: this.#prefix + request.path, headers });
    const answer = await links.send({ text, mayRepeat, signal });
    return wholeResponse(answer);
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
      agent: streamPath.test(request.path) ? this.#connections.streams : this.#connections.plain,
    });
  }

  #useCertificate(certificate: ClientCertificate | undefined): void {
    const { certificate: present } = this.#connections;
    if (certificate?.cert === present?.cert && certificate?.key === present?.key) return;
    this.#connections.retire();
    this.#connections = connectionsTo(this.#target, this.#options, certificate);
  }
}

/** Whether a request is a write small enough to stand in a row with others. */
function joins({ method, body }: ClientRequest): boolean {
  return method !== 'GET' && method !== 'HEAD' && method !== 'OPTIONS' && (body === undefined || typeof body === 'string');
}

function wholeResponse({ status, headers, body }: Answer): ClientResponse {
  return { status, headers, whole: body, chunks: once(body), destroy: () => undefined };
}

async function* once(body: Buffer): AsyncGenerator<Buffer> {
  yield body;
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
