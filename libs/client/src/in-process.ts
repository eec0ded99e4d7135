import { EventEmitter } from 'node:events';
import type { ExchangeHandler, HttpRequestLike, HttpResponseLike, InProcessUser, OutgoingHeaders } from './exchange.ts';
import type { ClientRequest, ClientResponse, Transport } from './types.ts';

/** Bytes a response holds for a slow reader before `write` asks the writer to wait; Node's sockets hold about as much. */
const highWaterMark = 64 * 1024;

const noBytes = Buffer.alloc(0);

/** A transport that calls the server's handler directly: no sockets, no TLS, the same exchange otherwise, back-pressure included. */
export function inProcessTransport(handler: ExchangeHandler, identity?: InProcessUser): Transport {
  const open = new Set<InProcessResponse>();
  let closed = false;
  return {
    send: (request) =>
      new Promise((resolve, reject) => {
        if (closed) return reject(new Error('transport is closed'));
        if (request.signal?.aborted) return reject(request.signal.reason);
        const incoming = new InProcessRequest(request, identity);
        const response = new InProcessResponse(resolve, reject);
        const abort = (): void => void response.destroy(request.signal?.reason);
        request.signal?.addEventListener('abort', abort, { once: true });
        open.add(response);
        response.on('close', () => {
          open.delete(response);
          request.signal?.removeEventListener('abort', abort);
        });
        Promise.resolve(run(handler, incoming, response)).catch((error: unknown) => response.destroy(asError(error)));
      }),
    close() {
      closed = true;
      for (const response of open) response.destroy(new Error('transport is closed'));
    },
  };
}

async function run(handler: ExchangeHandler, request: HttpRequestLike, response: HttpResponseLike): Promise<void> {
  await handler(request, response);
}

class InProcessRequest implements HttpRequestLike {
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly inProcessUser?: InProcessUser;
  readonly #body: Buffer;

  constructor(request: ClientRequest, identity: InProcessUser | undefined) {
    this.method = request.method;
    this.url = request.path;
    this.#body = request.body === undefined ? noBytes : asBuffer(request.body);
    this.headers = { host: 'in-process' };
    if (request.body !== undefined) this.headers['content-length'] = String(this.#body.length);
    for (const [name, value] of Object.entries(request.headers ?? {})) this.headers[name.toLowerCase()] = value;
    if (identity) this.inProcessUser = identity;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    if (this.#body.length > 0) yield this.#body;
  }
}

class InProcessResponse extends EventEmitter implements HttpResponseLike {
  headersSent = false;
  writableEnded = false;
  destroyed = false;
  readonly keepsChunks = true;
  readonly #respond: (response: ClientResponse) => void;
  readonly #fail: (error: unknown) => void;
  readonly #headers: Record<string, string | string[]> = {};
  #status = 200;
  #waiting: Buffer[] = [];
  #held = 0;
  #mustDrain = false;
  #error: unknown;
  #wakeReader: (() => void) | undefined;

  constructor(respond: (response: ClientResponse) => void, fail: (error: unknown) => void) {
    super();
    this.#respond = respond;
    this.#fail = fail;
  }

  setHeader(name: string, value: string | string[]): this {
    this.#headers[name.toLowerCase()] = value;
    return this;
  }

  writeHead(status: number, headers: OutgoingHeaders = {}): this {
    this.#status = status;
    for (const [name, value] of Object.entries(headers)) this.setHeader(name, value);
    this.flushHeaders();
    return this;
  }

  flushHeaders(): void {
    if (this.headersSent || this.destroyed) return;
    this.headersSent = true;
    this.#respond({ status: this.#status, headers: this.#headers, chunks: this.#read(), destroy: () => void this.destroy() });
  }

  write(chunk: Buffer | string): boolean {
    this.flushHeaders();
    if (this.destroyed || this.writableEnded || chunk.length === 0) return !this.#mustDrain;
    const bytes = asBuffer(chunk);
    this.#waiting.push(bytes);
    this.#held += bytes.length;
    this.#mustDrain ||= this.#held >= highWaterMark;
    this.#wakeReader?.();
    return !this.#mustDrain;
  }

  end(chunk?: Buffer | string): this {
    if (chunk !== undefined) this.write(chunk);
    this.flushHeaders();
    this.writableEnded = true;
    this.#wakeReader?.();
    return this;
  }

  /** Tears the exchange down: what was not read yet is lost and the reader fails with `error`. Harmless once all was read. */
  destroy(error?: unknown): this {
    if (this.destroyed) return this;
    this.destroyed = true;
    this.#error = error ?? (this.writableEnded ? undefined : new Error('aborted'));
    if (!this.headersSent) this.#fail(this.#error);
    this.#waiting = [];
    this.#wakeReader?.();
    this.emit('close');
    return this;
  }

  async *#read(): AsyncGenerator<Buffer> {
    try {
      for (;;) {
        const ready = this.#waiting;
        this.#waiting = [];
        for (const chunk of ready) {
          if (this.#error !== undefined) throw this.#error;
          yield chunk;
          this.#held -= chunk.length;
        }
        if (this.#error !== undefined) throw this.#error;
        if (this.#waiting.length > 0) continue;
        if (this.writableEnded) return;
        this.#relieve();
        await new Promise<void>((resolve) => {
          this.#wakeReader = resolve;
        });
      }
    } finally {
      this.destroy();
    }
  }

  #relieve(): void {
    if (!this.#mustDrain) return;
    this.#mustDrain = false;
    // Later, so that a writer that answers by writing does not recurse into the reader.
    queueMicrotask(() => this.emit('drain'));
  }
}

function asBuffer(body: Buffer | string): Buffer {
  return typeof body === 'string' ? Buffer.from(body) : body;
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
