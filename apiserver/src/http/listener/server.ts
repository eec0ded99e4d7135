import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type ExchangeHandler, headerLimit } from '@keelson/client';
import { presenter, type ServingTexts, secureContext, type TlsTerms } from '@keelson/component';
import type { UpgradeHandler } from '../relay/upgrade.ts';
import { paced } from './paced.ts';

export interface ServerOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly cert: string;
  readonly key: string;
  /** Client certificates are asked for, and believed when signed by this. */
  readonly clientCA: string;
  readonly handle: ExchangeHandler;
  readonly upgrade: UpgradeHandler;
  readonly patience?: Patience;
  /** TLS 1.2 and later unless told. */
  readonly tls?: TlsTerms;
}

/** Milliseconds a client may take: nobody holds a connection for nothing by sending slowly. What was asked may take as long as it likes. */
export interface Patience {
  readonly handshake: number;
  /** For a request's head. */
  readonly head: number;
  /** For a whole request. Bodies that are passed on to pods may be long. */
  readonly request: number;
  /** Between requests. */
  readonly idle: number;
  /** How often heads and requests are looked at. */
  readonly interval: number;
}

const usualPatience: Patience = { handshake: 30_000, head: 32_000, request: 300_000, idle: 90_000, interval: 5_000 };

export interface RunningServer {
  readonly port: number;
  /** New connections are shown and believed by what is given from now on; open ones live on. @throws when key and certificate do not match. */
  present(texts: ServingTexts): void;
  /** Stops listening, ends idle connections, waits for the others. */
  close(): Promise<void>;
}

/** The TLS listener. @throws a sentence about the port when it cannot be had. */
export function listen(options: ServerOptions): Promise<RunningServer> {
  const { cert, key, clientCA, handle, patience = usualPatience, tls } = options;
  const first = { tls: { cert, key }, clientCA };
  const server = createServer({
    ...secureContext(first, tls),
    requestCert: true,
    rejectUnauthorized: false,
    handshakeTimeout: patience.handshake,
    keepAliveTimeout: patience.idle,
    connectionsCheckingInterval: patience.interval,
    ALPNProtocols: ['http/1.1'],
    maxHeaderSize: headerLimit,
    shouldUpgradeCallback: options.upgrade.accepts,
  });
  server.headersTimeout = patience.head;
  server.requestTimeout = patience.request;
  const begin = paced();
  server.on('request', (request, response) => {
    if (request.method === 'GET') handle(request, response);
    else
      begin(() => {
        // Who has gone away before its turn is left alone.
        if (!request.socket.destroyed) handle(request, response);
      });
  });
  server.on('upgrade', options.upgrade.handle);
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(explain(error, options)));
    server.listen(options.port, options.host, 1024, () =>
      resolve({
        port: (server.address() as AddressInfo).port,
        present: presenter(server, first, tls),
        close: () => close(server),
      }),
    );
  });
}

function explain(error: NodeJS.ErrnoException, { host, port }: ServerOptions): Error {
  if (error.code === 'EADDRINUSE')
    return new Error(`failed to listen on ${host}:${port}: the address is in use; stop what uses it or choose another --secure-port`);
  if (error.code === 'EACCES') return new Error(`failed to listen on ${host}:${port}: permission denied`);
  return error;
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
}
