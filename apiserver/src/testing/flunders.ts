import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { systemClock } from '@keelson/base';
import { type Credential, createCA, issue, subjectOf } from '@keelson/pki';

/** What the server was asked, and as whom. */
export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headersDistinct'];
  /** Common name of the client certificate, where the front-proxy authority issued it. */
  readonly proxy: string;
  readonly body: string;
}

const groupVersion = 'wardle.example.com/v1alpha1';
const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

/** An API server of somebody else's, as small as can be: one resource, kept in memory, over TLS with client certificates. */
export class FlunderServer {
  readonly seen: Seen[] = [];
  readonly watchers = new Set<ServerResponse>();
  readonly frontProxyCA: Credential;
  readonly frontProxy: Credential;
  readonly ca: Credential;
  /** What discovery is answered with. */
  health = 200;
  readonly #server: Server;
  readonly #objects = new Map<string, object>();

  private constructor(ca: Credential, serving: Credential, frontProxyCA: Credential, frontProxy: Credential) {
    this.ca = ca;
    this.frontProxyCA = frontProxyCA;
    this.frontProxy = frontProxy;
    const tls = { cert: serving.certPem, key: serving.keyPem, ca: frontProxyCA.certPem, requestCert: true, rejectUnauthorized: false };
    this.#server = createServer(tls, (request, response) => void this.#answer(request, response));
    this.#server.on('upgrade', (request, socket, head) => this.#echo(request, socket, head));
  }

  static async start(serviceName = 'flunders.wardle.svc'): Promise<FlunderServer> {
    const clock = systemClock;
    const [ca, proxyCA] = await Promise.all(['flunder-ca', 'front-proxy-ca'].map((commonName) => createCA({ commonName, days: 1, clock })));
    if (!ca || !proxyCA) throw new Error('no authorities');
    const serving = await issue({ ca, commonName: 'flunders', dnsNames: [serviceName], usages: ['server'], days: 1, clock });
    const proxy = await issue({ ca: proxyCA, commonName: 'front-proxy-client', usages: ['client'], days: 1, clock });
    const made = new FlunderServer(ca, serving, proxyCA, proxy);
    made.#server.listen(0, '127.0.0.1');
    await once(made.#server, 'listening');
    return made;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString();
    this.#note(request, body);
    const url = new URL(request.url ?? '/', 'https://x');
    const answer = (code: number, value: unknown): void =>
      void response.writeHead(code, { 'content-type': 'application/json', 'x-from': 'flunders' }).end(JSON.stringify(value));
    const paths = { [`apis/${groupVersion}`]: { serverRelativeURL: `/openapi/v3/apis/${groupVersion}?hash=ABC` } };
    if (url.pathname === `/apis/${groupVersion}`) return answer(this.health, resourceList);
    if (url.pathname === '/openapi/v3') return answer(200, { paths });
    if (url.pathname === `/openapi/v3/apis/${groupVersion}`) return answer(200, { openapi: '3.0.0', from: 'flunders' });
    if (url.pathname === '/openapi/v2')
      return answer(200, { swagger: '2.0', definitions: { 'com.example.wardle.Flunder': { type: 'object' } } });
    if (url.searchParams.get('watch') === 'true') return this.#watch(response);
    this.#serveObjects(request.method ?? '', url, body, answer);
  }

  #serveObjects(method: string, { pathname }: URL, body: string, answer: (code: number, value: unknown) => void): void {
    const name = /\/flunders\/([^/]+)$/.exec(pathname)?.[1];
    const found = this.#objects.get(name ?? '');
    if (method === 'POST') {
      const object = JSON.parse(body) as { metadata: { name: string } };
      this.#objects.set(object.metadata.name, object);
      answer(201, object);
    } else if (name === undefined) {
      answer(200, { kind: 'FlunderList', apiVersion: groupVersion, metadata: {}, items: [...this.#objects.values()] });
    } else if (found) {
      if (method === 'DELETE') this.#objects.delete(name);
      answer(200, found);
    } else {
      answer(404, { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'NotFound', code: 404 });
    }
  }

  #watch(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
    this.watchers.add(response);
    response.on('close', () => this.watchers.delete(response));
  }

  #echo(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#note(request, '');
    socket.on('error', () => socket.destroy());
    if (request.url?.includes('refused'))
      return void socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno');
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nupgrade: ${request.headers.upgrade}\r\nconnection: Upgrade\r\n\r\n`);
    if (head.length > 0) socket.write(head);
    socket.pipe(socket);
  }

  #note(request: IncomingMessage, body: string): void {
    const socket = request.socket as TLSSocket;
    const certificate = socket.authorized ? socket.getPeerX509Certificate() : undefined;
    const proxy = certificate ? subjectOf(certificate).commonName : '';
    this.seen.push({ method: request.method ?? '', path: request.url ?? '', headers: request.headersDistinct, proxy, body });
  }
}

const resourceList = {
  kind: 'APIResourceList',
  apiVersion: 'v1',
  groupVersion,
  resources: [
    { name: 'flunders', singularName: 'flunder', namespaced: true, kind: 'Flunder', verbs, shortNames: ['fl'] },
    { name: 'flunders/status', singularName: '', namespaced: true, kind: 'Flunder', verbs: ['get', 'patch', 'update'] },
  ],
};
