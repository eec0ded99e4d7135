import { InterceptingCall, type InterceptorOptions, type NextCall } from '@grpc/grpc-js';
import type { Clock } from '@keelson/base';
import type { Etcd3, IOptions, IWatchResponse } from 'etcd3';
import { StoreError } from '../types.ts';
import { neverSent, storeError } from './errors.ts';

export interface EtcdTls {
  /** PEM. */
  readonly ca: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

export type WatchCall = Awaited<ReturnType<Etcd3['watchClient']['watch']>>;
export type { IWatchResponse };

type Policy = NonNullable<NonNullable<IOptions['faultHandling']>['global']>;

/** How long one request may take. */
const deadline = 10_000;

const channelOptions = {
  'grpc.max_receive_message_length': -1,
  'grpc.max_send_message_length': -1,
  // With the default of 64 KB a busy watch stalls on window updates, and etcd then falls back to polling for it.
  'grpc-node.flow_control_window': 8 * 1024 * 1024,
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 10_000,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 2_000,
};

/**
 * The members of one etcd cluster. Requests go to one member as long as it answers. The client's own retries are off: they
 * would send a write a second time when only its answer was lost.
 */
export class Connection {
  readonly #clients: readonly Etcd3[];
  #preferred = 0;
  #closed = false;

  private constructor(clients: readonly Etcd3[]) {
    this.#clients = clients;
  }

  /** Does not wait for a member to be reachable. The client library is loaded here, as only this store needs it. */
  static async open(endpoints: readonly string[], tls: EtcdTls | undefined, clock: Clock): Promise<Connection> {
    const { Etcd3 } = await import('etcd3');
    const credentials = tls && {
      rootCertificate: tls.ca,
      ...(tls.cert && { certChain: tls.cert }),
      ...(tls.key && { privateKey: tls.key }),
    };
    const clients = endpoints.map((hosts) => {
      return new Etcd3({
        hosts,
        ...(credentials && { credentials }),
        grpcOptions: channelOptions,
        defaultCallOptions: ({ isStream }) => (isStream ? {} : { deadline: clock.now() + deadline }),
        faultHandling: { global: passThrough, host: () => passThrough },
      });
    });
    return new Connection(clients);
  }

  /** Sends a request that changes nothing: to every member, if need be. @throws StoreError. */
  read<T>(run: (client: Etcd3) => Promise<T>): Promise<T> {
    return this.#call(run, () => true);
  }

  /** Sends a write: to another member only when it cannot have reached the first. @throws StoreError. */
  write<T>(run: (client: Etcd3) => Promise<T>): Promise<T> {
    return this.#call(run, neverSent);
  }

  /** Opens a watch stream that the member ends when it loses the cluster's leader. The caller handles its `error` event. */
  async watch(): Promise<WatchCall> {
    if (this.#closed) throw closedError();
    return this.#client(0).watchClient.watch({ interceptors: [requireLeader] });
  }

  /** The preferred member failed a stream: the next request goes to the next. */
  failed(): void {
    this.#preferred = (this.#preferred + 1) % this.#clients.length;
  }

  close(): void {
    this.#closed = true;
    for (const client of this.#clients) client.close();
  }

  async #call<T>(run: (client: Etcd3) => Promise<T>, mayRepeat: (error: unknown) => boolean): Promise<T> {
    const first = this.#preferred;
    // Each member once, and the first again: its connection may just have been found broken.
    for (let attempt = 0; ; attempt++) {
      if (this.#closed) throw closedError();
      try {
        const result = await run(this.#client(attempt, first));
        this.#preferred = (first + attempt) % this.#clients.length;
        return result;
      } catch (error) {
        const mapped = storeError(error);
        if (mapped.code !== 'unavailable' || attempt >= this.#clients.length || !mayRepeat(error)) throw mapped;
      }
    }
  }

  #client(offset: number, first = this.#preferred): Etcd3 {
    return this.#clients[(first + offset) % this.#clients.length] as Etcd3;
  }
}

function closedError(): StoreError {
  return new StoreError('unavailable', 'the store is closed');
}

/** Adds etcd's `hasleader`: a member cut off from its cluster must not keep a watch that hears nothing. */
function requireLeader(options: InterceptorOptions, next: NextCall): InterceptingCall {
  return new InterceptingCall(next(options), {
    start(metadata, listener, start) {
      metadata.set('hasleader', 'true');
      start(metadata, listener);
    },
  });
}

const neverHappens = (): { dispose: () => void } => ({ dispose: () => undefined });

/** No retry and no circuit breaker. */
const passThrough: Policy = {
  _altReturn: undefined as never,
  onSuccess: neverHappens,
  onFailure: neverHappens,
  execute: async (run, signal = new AbortController().signal) => run({ signal } as Parameters<typeof run>[0]),
};
