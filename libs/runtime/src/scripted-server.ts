import type { Random } from '@keelson/base';
import {
  type ApiWatchEvent,
  type HttpRequestLike,
  type HttpResponseLike,
  inProcessTransport,
  type KubeObject,
  type Transport,
} from '@keelson/client';

interface Place {
  readonly resource: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
}

interface Logged {
  readonly resource: string;
  readonly event: Exclude<ApiWatchEvent<KubeObject>, { type: 'ERROR' }>;
  readonly revision: number;
}

/**
 * For tests of this package only: the far end of a watch protocol with faults to order. It breaks connections, repeats events, cuts lines
 * and forgets history, which the real API server cannot be made to do. It knows no kinds, defaults or validation.
 */
export class ScriptedServer {
  /** Chance of a fault at each list, watch and event; 0 is a good server. */
  faults = 0;
  /** Every request so far, `METHOD path`. */
  readonly requests: string[] = [];
  readonly objects = new Map<string, KubeObject>();
  readonly transport: Transport = inProcessTransport((request, response) => this.#handle(request, response));
  readonly #random: Random;
  readonly #watchers = new Set<{ readonly resource: string; readonly tell: (logged: Logged) => void }>();
  #log: Logged[] = [];
  #revision = 100;
  #compacted = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  put(resource: string, object: KubeObject): KubeObject {
    const key = keyAt({ resource, namespace: object.metadata.namespace, name: object.metadata.name });
    const known = this.objects.get(key);
    const uid = known?.metadata.uid ?? object.metadata.uid ?? this.#random.uuid();
    const stored = { ...object, metadata: { ...object.metadata, uid, resourceVersion: String(++this.#revision) } };
    this.objects.set(key, stored);
    this.#tell(resource, { type: known ? 'MODIFIED' : 'ADDED', object: stored });
    return stored;
  }

  remove(key: string): KubeObject | undefined {
    const known = this.objects.get(key);
    if (!known) return undefined;
    this.objects.delete(key);
    const last = { ...known, metadata: { ...known.metadata, resourceVersion: String(++this.#revision) } };
    this.#tell(key.slice(0, key.indexOf('/')), { type: 'DELETED', object: last });
    return last;
  }

  /** Forgets all history: whoever asks for an older revision gets a 410. */
  compact(): void {
    this.#compacted = this.#revision;
    this.#log = [];
  }

  #tell(resource: string, event: Logged['event']): void {
    const logged = { resource, event, revision: this.#revision };
    this.#log.push(logged);
    for (const watcher of [...this.#watchers]) if (watcher.resource === resource) watcher.tell(logged);
  }

  async #handle(request: HttpRequestLike, response: HttpResponseLike): Promise<void> {
    const url = new URL(request.url ?? '', 'http://server');
    this.requests.push(`${request.method} ${request.url}`);
    const place = placeOf(url.pathname);
    if (request.method !== 'GET') await this.#write(request, response, place);
    else if (place.name) answer(response, this.objects.get(keyAt(place)));
    else if (url.searchParams.has('watch')) this.#watch(response, place, url.searchParams);
    else this.#list(response, place, url.searchParams);
  }

  async #write(request: HttpRequestLike, response: HttpResponseLike, place: Place): Promise<void> {
    let text = '';
    for await (const chunk of request) text += chunk;
    if (request.method === 'DELETE') answer(response, this.remove(keyAt(place)));
    else this.#store(request.method, JSON.parse(text), response, place);
  }

  #store(method: string | undefined, body: KubeObject, response: HttpResponseLike, place: Place): void {
    const known = this.objects.get(keyAt({ ...place, name: place.name ?? body.metadata.name }));
    if (method === 'POST' && known) fail(response, 409, 'AlreadyExists');
    else if (method === 'POST') answer(response, this.put(place.resource, body));
    else if (!known) fail(response, 404, 'NotFound');
    else if (method === 'PATCH') answer(response, this.put(place.resource, { ...known, ...body }));
    else if (body.metadata.resourceVersion !== known.metadata.resourceVersion) fail(response, 409, 'Conflict');
    else answer(response, this.put(place.resource, body));
  }

  #list(response: HttpResponseLike, place: Place, query: URLSearchParams): void {
    if (this.#strikes()) {
      fail(response, 503, 'ServiceUnavailable');
      return;
    }
    const [from = 0, at = this.#revision] = query.get('continue')?.split('@').map(Number) ?? [];
    if (at < this.#compacted) {
      fail(response, 410, 'Expired');
      return;
    }
    const all = [...this.objects].filter(([key]) => key.startsWith(`${place.resource}/`)).map(([, object]) => object);
    const limit = Math.min(Number(query.get('limit') ?? all.length), this.faults > 0 ? 3 : all.length);
    const more = query.has('limit') && from + limit < all.length;
    const items = query.has('limit') ? all.slice(from, from + limit) : all;
    answer(response, { metadata: { resourceVersion: String(at), ...(more ? { continue: `${from + limit}@${at}` } : {}) }, items });
  }

  #watch(response: HttpResponseLike, { resource }: Place, query: URLSearchParams): void {
    const from = Number(query.get('resourceVersion'));
    if (from < this.#compacted || this.#strikes()) {
      fail(response, 410, 'Expired');
      return;
    }
    response.writeHead(200);
    let before: Logged | undefined;
    const tell = (logged: Logged): void => {
      const line = `${JSON.stringify(logged.event)}\n`;
      if (!this.#strikes()) response.write(line);
      else this.#spoil(response, line, before);
      before = logged;
    };
    const watcher = { resource, tell };
    for (const logged of this.#log) if (logged.resource === resource && logged.revision > from) tell(logged);
    this.#watchers.add(watcher);
    response.on('close', () => this.#watchers.delete(watcher));
  }

  #spoil(response: HttpResponseLike, line: string, before: Logged | undefined): void {
    const kind = Math.floor(this.#random.next() * 4);
    if (kind === 0) response.destroy(new Error('connection reset'));
    else if (kind === 1) response.end(line.slice(0, line.length / 2));
    else if (kind === 2) response.end(`${JSON.stringify({ type: 'ERROR', object: statusOf(410, 'Expired') })}\n`);
    else {
      if (before) response.write(`${JSON.stringify(before.event)}\n`);
      response.write(line);
    }
  }

  #strikes(): boolean {
    return this.faults > 0 && this.#random.next() < this.faults;
  }
}

function placeOf(path: string): Place {
  const match = /^\/(?:api|apis\/[^/]+)\/[^/]+(?:\/namespaces\/([^/]+))?\/([^/]+)(?:\/([^/]+))?/.exec(path);
  return { resource: match?.[2] ?? '', namespace: match?.[1], name: match?.[3] };
}

function keyAt({ resource, namespace, name }: Place): string {
  return namespace ? `${resource}/${namespace}/${name}` : `${resource}/${name}`;
}

function answer(response: HttpResponseLike, value: unknown): void {
  if (value === undefined) {
    fail(response, 404, 'NotFound');
    return;
  }
  response.writeHead(200);
  response.end(JSON.stringify(value));
}

function fail(response: HttpResponseLike, code: number, reason: string): void {
  response.writeHead(code);
  response.end(JSON.stringify(statusOf(code, reason)));
}

function statusOf(code: number, reason: string): object {
  return { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message: reason };
}
