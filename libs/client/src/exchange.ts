import type { X509Certificate } from 'node:crypto';

/**
 * The server's side of one HTTP exchange, as little of it as an API server needs. Node's `IncomingMessage` and `ServerResponse` fit
 * these interfaces as they are; `inProcessTransport` makes lighter ones, so that a whole cluster runs without a socket.
 * That the client went away is told by the response's `close`; a request's own only says that its body was read.
 */
export interface HttpRequestLike extends AsyncIterable<Buffer> {
  readonly method?: string | undefined;
  /** Path and query, still encoded. */
  readonly url?: string | undefined;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** As `headers`, with a value for each time a name was sent; absent when the exchange never left the process. */
  readonly headersDistinct?: Readonly<Record<string, string[] | undefined>>;
  readonly socket?: HttpSocketLike;
  /**
   * Who is asking, when the exchange never left the process. Only `inProcessTransport` sets it and Node's requests never have it: an
   * authenticator may believe it without proof.
   */
  readonly inProcessUser?: InProcessUser;
}

export interface HttpSocketLike {
  readonly remoteAddress?: string | undefined;
  /** True when the client's certificate was verified against the server's client CA. */
  readonly authorized?: boolean;
  getPeerX509Certificate?(): X509Certificate | undefined;
}

export interface InProcessUser {
  readonly name: string;
  readonly groups: readonly string[];
}

export type OutgoingHeaders = Record<string, string | string[]>;

export interface HttpResponseLike {
  readonly headersSent: boolean;
  readonly writableEnded: boolean;
  /** True once the client has gone or the exchange was torn down. */
  readonly destroyed: boolean;
  setHeader(name: string, value: string | string[]): unknown;
  writeHead(status: number, headers?: OutgoingHeaders): unknown;
  /** Sends the head without waiting for the first bytes: a watch that has nothing to say yet is already answered. */
  flushHeaders(): void;
  /** False asks the writer to wait for `drain`. `taken` is called when the chunk's memory may be used again. */
  write(chunk: Buffer | string, taken?: () => void): boolean;
  /** True where a chunk that is written is handed to the reader as it is, and `taken` never called. */
  readonly keepsChunks?: boolean;
  end(chunk?: Buffer | string): unknown;
  /** `drain`: room again after `write` said false. `close`: the exchange is over, finished or not. */
  on(event: 'drain' | 'close', listener: () => void): unknown;
  off(event: 'drain' | 'close', listener: () => void): unknown;
  destroy(error?: Error): unknown;
}

export type ExchangeHandler = (request: HttpRequestLike, response: HttpResponseLike) => unknown;

/** Resolves when a response whose `write` said false has room again, or is over. */
export function drained(response: HttpResponseLike): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.on('drain', done);
    response.on('close', done);
    if (response.destroyed) done();
  });
}
