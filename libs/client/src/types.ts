import type { Kind, ListMeta, Status, Table } from '@keelson/types';

/** One HTTP exchange with an API server, over a socket or in process. */
export interface Transport {
  send(request: ClientRequest): Promise<ClientResponse>;
  close(): void;
}

export interface ClientRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD' | 'OPTIONS';
  /** Path and query, already encoded. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Aborting rejects `send`, or ends the response's `chunks` with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

export interface ClientResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The body as it arrives. Must be consumed or `destroy`ed. */
  readonly chunks: AsyncIterable<Buffer>;
  /** The same body, where it is there already: nothing else needs to be done then. */
  readonly whole?: Buffer;
  destroy(): void;
}

/** What every stored object has. */
export interface KubeObject {
  apiVersion?: string | undefined;
  kind?: string | undefined;
  metadata: { name?: string | undefined; namespace?: string | undefined; uid?: string | undefined; resourceVersion?: string | undefined };
}

export interface ObjectKey {
  readonly name: string;
  /** Absent for cluster-scoped kinds. */
  readonly namespace?: string | undefined;
}

export interface ObjectList<T> {
  readonly metadata: ListMeta;
  readonly items: T[];
}

export interface ListQuery {
  /** All namespaces when absent. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  readonly limit?: number;
  readonly continue?: string;
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: 'Exact' | 'NotOlderThan';
  readonly signal?: AbortSignal | undefined;
}

export interface WatchQuery extends ListQuery {
  readonly allowWatchBookmarks?: boolean;
  readonly sendInitialEvents?: boolean;
  readonly timeoutSeconds?: number;
  readonly signal: AbortSignal;
}

export type ApiWatchEvent<T> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  | { readonly type: 'BOOKMARK'; readonly object: T }
  | { readonly type: 'ERROR'; readonly object: Status };

export type PatchType =
  | 'application/json-patch+json'
  | 'application/merge-patch+json'
  | 'application/strategic-merge-patch+json'
  | 'application/apply-patch+yaml';

export interface WriteOptions {
  readonly dryRun?: boolean;
  readonly fieldManager?: string;
  readonly fieldValidation?: 'Ignore' | 'Warn' | 'Strict';
  /** `status`, `scale`, `binding`, `eviction`, `token`, … */
  readonly subresource?: string;
  /**
   * Whose subresource it is, where the body is of another kind: a `Scale` of a Deployment. Needless for `binding`, `eviction` (pods)
   * and `token` (service accounts).
   */
  readonly parent?: Pick<Kind<unknown>, 'group' | 'version' | 'resource' | 'namespaced'>;
  readonly signal?: AbortSignal | undefined;
}

export interface DeleteQuery {
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: 'Orphan' | 'Background' | 'Foreground';
  readonly preconditions?: { readonly uid?: string | undefined; readonly resourceVersion?: string | undefined };
  readonly dryRun?: boolean;
}

/**
 * The Kubernetes API as typed calls. Every method rejects with `ApiError` when the server answers with an error, and with the
 * transport's own error when there was no answer.
 */
export interface Api {
  get<T>(kind: Kind<T>, key: ObjectKey): Promise<T>;
  list<T>(kind: Kind<T>, query?: ListQuery): Promise<ObjectList<T>>;
  /** Ends normally when the server ends the stream or the signal aborts. An `ERROR` event is thrown as `ApiError`. */
  watch<T>(kind: Kind<T>, query: WatchQuery): AsyncIterable<Exclude<ApiWatchEvent<T>, { type: 'ERROR' }>>;
  /** With `subresource`, posts `object` to the subresource of the object named in its metadata (e.g. Binding, Eviction, TokenRequest). */
  create<T>(kind: Kind<T>, object: T, options?: WriteOptions): Promise<T>;
  update<T>(kind: Kind<T>, object: T, options?: WriteOptions): Promise<T>;
  patch<T>(kind: Kind<T>, key: ObjectKey, type: PatchType, patch: unknown, options?: WriteOptions & { force?: boolean }): Promise<T>;
  /** Resolves to the deleted object or a Status, whichever the server sent. */
  delete<T>(kind: Kind<T>, key: ObjectKey, query?: DeleteQuery): Promise<T | Status>;
  deleteCollection<T>(kind: Kind<T>, query: ListQuery, options?: DeleteQuery): Promise<void>;
  /** Server-side printed rows. */
  table<T>(kind: Kind<T>, query: ListQuery & { name?: string; includeObject?: 'None' | 'Metadata' | 'Object' }): Promise<Table>;
  /** Any path; JSON in and out unless `accept` says otherwise. */
  raw(request: ClientRequest): Promise<ClientResponse>;
}

/** An error answer of the server. */
export class ApiError extends Error {
  readonly status: Status;
  /** HTTP status code. */
  readonly code: number;
  /** Kubernetes' machine-readable reason: `NotFound`, `AlreadyExists`, `Conflict`, `Expired`, … */
  readonly reason: string;

  constructor(status: Status, code: number) {
    super(status.message ?? `HTTP ${code}`);
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
    this.reason = status.reason ?? '';
  }
}
