import {
  type ClientRequest,
  type ClientResponse,
  type ExchangeHandler,
  type InProcessUser,
  inProcessTransport,
  type Transport,
} from '@keelson/client';

/** Called with every request before it is sent. */
export type RequestObserver = (user: InProcessUser, request: ClientRequest) => void;

/** Who in a cluster can reach its API server: the server may go and come back, and connections may break. */
export class Links {
  readonly #links = new Set<Link>();
  readonly #observe: RequestObserver;
  #handler: ExchangeHandler | undefined;

  constructor(observe: RequestObserver) {
    this.#observe = observe;
  }

  /** A transport for one component, under its identity. */
  open(user: InProcessUser): Link {
    const link = new Link(user, () => this.#handler, this.#observe);
    this.#links.add(link);
    return link;
  }

  /** From now on `handler` answers; without one every connection breaks and none can be made. */
  serve(handler: ExchangeHandler | undefined): void {
    this.#handler = handler;
    if (!handler) for (const link of this.#links) link.cut();
  }

  close(): void {
    for (const link of this.#links) link.close();
  }
}

/** One component's connections. */
export class Link implements Transport {
  readonly #user: InProcessUser;
  readonly #handler: () => ExchangeHandler | undefined;
  readonly #observe: RequestObserver;
  #transport: Transport | undefined;
  #closed = false;
  #severed = false;

  constructor(user: InProcessUser, handler: () => ExchangeHandler | undefined, observe: RequestObserver) {
    this.#user = user;
    this.#handler = handler;
    this.#observe = observe;
  }

  send(request: ClientRequest): Promise<ClientResponse> {
    const handler = this.#handler();
    if (this.#closed) return Promise.reject(new Error('transport is closed'));
    if (this.#severed) return Promise.reject(new Error('connect EHOSTUNREACH'));
    if (!handler) return Promise.reject(new Error('connect ECONNREFUSED'));
    this.#observe(this.#user, request);
    this.#transport ??= inProcessTransport(handler, this.#user);
    return this.#transport.send(request);
  }

  /** Breaks what is under way, watches above all. The next request connects anew. */
  cut(): void {
    this.#transport?.close();
    this.#transport = undefined;
  }

  /** While severed nothing gets through, in either direction. */
  sever(severed: boolean): void {
    this.#severed = severed;
    if (severed) this.cut();
  }

  close(): void {
    this.#closed = true;
    this.cut();
  }
}
