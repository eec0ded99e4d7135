import { type Clock, sleep, systemClock } from '@keelson/base';
import type { Kind, Status, Table } from '@keelson/types';
import { readJson, readText } from './body.ts';
import { type Asked, apiErrorFrom, retryAfter } from './errors.ts';
import {
  collectionPath,
  createPath,
  listParameters,
  objectPath,
  parentOf,
  type QueryValue,
  type ResourceRef,
  withQuery,
  writeParameters,
} from './request.ts';
import type {
  Api,
  ApiWatchEvent,
  ClientRequest,
  ClientResponse,
  DeleteQuery,
  KubeObject,
  ListQuery,
  ObjectKey,
  ObjectList,
  PatchType,
  Transport,
  WatchQuery,
  WriteOptions,
} from './types.ts';
import { watchEvents } from './watch.ts';

export interface ApiOptions {
  /** Called with the text of every `Warning: 299` header. */
  readonly onWarning?: (text: string) => void;
  /** Waits between retries; the system's unless told. */
  readonly clock?: Clock;
}

/** How often an answer 429 or 5xx that names a `Retry-After` is waited for, as client-go does. */
const maxRetries = 10;

const tableTypes = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';

/** The JSON codec of the Kubernetes API over any transport. */
export function createApi(transport: Transport, options: ApiOptions = {}): Api {
  return new JsonApi(transport, options);
}

class JsonApi implements Api {
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #onWarning: ((text: string) => void) | undefined;

  constructor(transport: Transport, options: ApiOptions) {
    this.#transport = transport;
    this.#clock = options.clock ?? systemClock;
    this.#onWarning = options.onWarning;
  }

  get<T>(kind: Kind<T>, key: ObjectKey): Promise<T> {
    return this.#json<T>({ method: 'GET', path: objectPath(kind, key) }, subject(kind, key));
  }

  async list<T>(kind: Kind<T>, query: ListQuery = {}): Promise<ObjectList<T>> {
    const path = withQuery(collectionPath(kind, query.namespace), listParameters(query));
    const list = await this.#json<{ metadata?: ObjectList<T>['metadata']; items: (T & Partial<KubeObject>)[] | null }>(
      { method: 'GET', path, signal: query.signal },
      subject(kind),
    );
    const items = list.items ?? [];
    for (const item of items) {
      // A list names the kind once, for all its items.
      item.apiVersion ??= kind.apiVersion;
      item.kind ??= kind.kind;
    }
    return { metadata: list.metadata ?? {}, items };
  }

  async *watch<T>(kind: Kind<T>, query: WatchQuery): AsyncGenerator<Exclude<ApiWatchEvent<T>, { type: 'ERROR' }>> {
    const path = withQuery(collectionPath(kind, query.namespace), watchParameters(query));
    try {
      const response = await this.#send({ method: 'GET', path, signal: query.signal }, subject(kind));
      yield* watchEvents<T>(response);
    } catch (error) {
      if (!query.signal.aborted) throw error;
    }
  }

  create<T>(kind: Kind<T>, object: T, options: WriteOptions = {}): Promise<T> {
    const key = keyIn(object);
    const path = withQuery(createPath(kind, key, options), writeParameters(options));
    return this.#json<T>(writeRequest('POST', path, object, options), subject(kind, options.subresource ? key : {}));
  }

  update<T>(kind: Kind<T>, object: T, options: WriteOptions = {}): Promise<T> {
    const key = requireName(keyIn(object));
    const path = withQuery(objectPath(parentOf(kind, options), key, options.subresource), writeParameters(options));
    return this.#json<T>(writeRequest('PUT', path, object, options), subject(kind, key));
  }

  patch<T>(kind: Kind<T>, key: ObjectKey, type: PatchType, patch: unknown, options: WriteOptions & { force?: boolean } = {}): Promise<T> {
    const path = withQuery(objectPath(parentOf(kind, options), key, options.subresource), {
      ...writeParameters(options),
      force: options.force,
    });
    return this.#json<T>(writeRequest('PATCH', path, patch, options, type), subject(kind, key));
  }

  delete<T>(kind: Kind<T>, key: ObjectKey, query: DeleteQuery = {}): Promise<T | Status> {
    return this.#json<T | Status>(writeRequest('DELETE', objectPath(kind, key), deleteOptions(query)), subject(kind, key));
  }

  async deleteCollection<T>(kind: Kind<T>, query: ListQuery, options: DeleteQuery = {}): Promise<void> {
    const path = withQuery(collectionPath(kind, query.namespace), listParameters(query));
    await this.#json(writeRequest('DELETE', path, deleteOptions(options)), subject(kind));
  }

  table<T>(kind: Kind<T>, query: ListQuery & { name?: string; includeObject?: 'None' | 'Metadata' | 'Object' }): Promise<Table> {
    const { name, namespace, includeObject } = query;
    const path = name ? objectPath(kind, { name, namespace }) : collectionPath(kind, namespace);
    const parameters = name ? { includeObject } : { ...listParameters(query), includeObject };
    const asked = subject(kind, name ? { name } : {});
    return this.#json<Table>({ method: 'GET', path: withQuery(path, parameters), headers: { accept: tableTypes } }, asked);
  }

  raw(request: ClientRequest): Promise<ClientResponse> {
    return this.#send(request);
  }

  async #json<R>(request: ClientRequest, subject?: string): Promise<R> {
    return (await readJson(await this.#send(request, subject))) as R;
  }

  async #send(request: ClientRequest, subject?: string): Promise<ClientResponse> {
    const headers = { ...defaultHeaders(request), ...request.headers };
    for (let attempt = 0; ; attempt++) {
      const response = await this.#transport.send({ ...request, headers });
      if (this.#onWarning) for (const text of warnings(response)) this.#onWarning(text);
      if (response.status < 400) return response;
      const body = await readText(response);
      const wait = response.status === 429 || response.status >= 500 ? retryAfter(response) : undefined;
      if (wait === undefined || attempt >= maxRetries) {
        const asked: Asked = { method: request.method.toLowerCase(), ...(subject ? { subject } : {}) };
        throw apiErrorFrom(response, body, asked);
      }
      await sleep(this.#clock, wait * 1000, request.signal);
    }
  }
}

function writeRequest(
  method: ClientRequest['method'],
  path: string,
  body: unknown,
  options: WriteOptions = {},
  contentType?: PatchType,
): ClientRequest {
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  return {
    method,
    path,
    signal: options.signal,
    ...(text === undefined ? {} : { body: text }),
    ...(contentType ? { headers: { 'content-type': contentType } } : {}),
  };
}

function defaultHeaders(request: ClientRequest): Record<string, string> {
  const accept = 'application/json';
  return request.body === undefined ? { accept } : { accept, 'content-type': 'application/json' };
}

function watchParameters(query: WatchQuery): Record<string, QueryValue> {
  return {
    watch: true,
    ...listParameters(query),
    allowWatchBookmarks: query.allowWatchBookmarks,
    sendInitialEvents: query.sendInitialEvents,
    timeoutSeconds: query.timeoutSeconds,
  };
}

function deleteOptions(query: DeleteQuery): object | undefined {
  const { dryRun, ...options } = query;
  if (Object.keys(query).length === 0) return undefined;
  return { apiVersion: 'v1', kind: 'DeleteOptions', ...options, ...(dryRun ? { dryRun: ['All'] } : {}) };
}

/** A key of which parts may still be missing. */
type KeyParts = Pick<KubeObject['metadata'], 'name' | 'namespace'>;

function keyIn(object: unknown): KeyParts {
  return (object as Partial<KubeObject>).metadata ?? {};
}

function requireName(key: KeyParts): ObjectKey {
  return { name: key.name ?? '', namespace: key.namespace };
}

/** `pods web`, `deployments.apps web`: what client-go's messages say of a request. */
function subject(ref: ResourceRef, key: KeyParts = {}): string {
  const resource = ref.group === '' ? ref.resource : `${ref.resource}.${ref.group}`;
  return key.name ? `${resource} ${key.name}` : resource;
}

/** The texts of `Warning: 299 - "text"` headers; Node joins repeated ones with commas. */
function warnings(response: ClientResponse): string[] {
  const header = response.headers.warning;
  if (!header) return [];
  const text = Array.isArray(header) ? header.join(', ') : header;
  return Array.from(text.matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g), ([, quoted = '']) => quoted.replace(/\\(.)/g, '$1'));
}
