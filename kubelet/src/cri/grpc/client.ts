import { Client, type ClientReadableStream, connectivityState, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { type Clock, errorMessage } from '@keelson/base';
import { RuntimeError } from '../types.ts';
import type { MessageFns } from './codec/cri.ts';

/** A call of a generated service definition. */
export interface Method<Request, Response> {
  readonly name: string;
  readonly requestType: MessageFns<Request>;
  readonly responseType: Pick<MessageFns<Response>, 'decode'>;
}

/** As large as the kubelet's own limit for a message of the runtime. */
const largestMessage = 16 << 20;

/** One connection to the runtime's unix socket. gRPC connects when it is first used and again whenever it was lost. */
export class CriClient {
  readonly #client: Client;
  readonly #clock: Clock;

  /** `socket` is an absolute path. */
  constructor(socket: string, clock: Clock) {
    this.#clock = clock;
    this.#client = new Client(`unix://${socket}`, credentials.createInsecure(), {
      'grpc.max_receive_message_length': largestMessage,
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 3000,
    });
  }

  /** @throws RuntimeError; `DeadlineExceeded` after `timeoutMs`, which may be Infinity. */
  call<Request, Response>(service: string, method: Method<Request, Response>, request: Request, timeoutMs: number): Promise<Response> {
    const { encode, decode } = coders(method);
    const deadline = this.#clock.now() + timeoutMs;
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(path(service, method), encode, decode, request, new Metadata(), { deadline }, (error, response) => {
        if (error) reject(runtimeError(error));
        else if (response === undefined) reject(new RuntimeError('Internal', `${method.name} answered nothing`));
        else resolve(response);
      });
    });
  }

  /** A call that answers with a stream of messages, for as long as it lasts. */
  stream<Request, Response>(service: string, method: Method<Request, Response>, request: Request): ClientReadableStream<Response> {
    const { encode, decode } = coders(method);
    return this.#client.makeServerStreamRequest(path(service, method), encode, decode, request, new Metadata());
  }

  /** Keeps connected, and tells whenever that begins or ends, until aborted. */
  follow(signal: AbortSignal, changed: (connected: boolean) => void): void {
    const channel = this.#client.getChannel();
    let connected = false;
    const look = (): void => {
      if (signal.aborted) return;
      const state = channel.getConnectivityState(true);
      if (connected !== (state === connectivityState.READY)) {
        connected = !connected;
        changed(connected);
      }
      channel.watchConnectivityState(state, Number.POSITIVE_INFINITY, look);
    };
    look();
  }

  close(): void {
    this.#client.close();
  }
}

function coders<Request, Response>(
  method: Method<Request, Response>,
): { encode: (value: Request) => Buffer; decode: (bytes: Buffer) => Response } {
  return {
    encode: (value) => Buffer.from(method.requestType.encode(value).finish()),
    decode: (bytes) => method.responseType.decode(bytes),
  };
}

function path(service: string, method: { readonly name: string }): string {
  return `/${service}/${method.name}`;
}

/** The error as the kubelet knows it: gRPC's status name as Go spells it, and the runtime's words without more. */
export function runtimeError(error: ServiceError): RuntimeError {
  return new RuntimeError(codeName(error.code), error.details || error.message, { cause: error });
}

/** An error as Go's gRPC words it, which is how Kubernetes hands it on. */
export function rpcMessage(error: unknown): string {
  return error instanceof RuntimeError ? `rpc error: code = ${error.code} desc = ${error.message}` : errorMessage(error);
}

/** `NotFound` for 5, `Canceled` for 1, … */
export function codeName(code: number): string {
  if (code === status.CANCELLED) return 'Canceled';
  const name = status[code] ?? 'UNKNOWN';
  return name
    .split('_')
    .map((word) => `${word.charAt(0)}${word.slice(1).toLowerCase()}`)
    .join('');
}

/** What the call gives, or undefined when the runtime does not know what it names. */
export async function unlessGone<Response>(call: Promise<Response>): Promise<Response | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof RuntimeError && error.code === 'NotFound') return undefined;
    throw error;
  }
}
