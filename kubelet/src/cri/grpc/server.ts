import { mkdir, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { Duplex } from 'node:stream';
import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  status,
  type UntypedHandleCall,
} from '@grpc/grpc-js';
import { errorMessage } from '@keelson/base';
import { LenientAuthority } from './authority.ts';

interface Coder {
  encode(message: never): { finish(): Uint8Array };
  decode(bytes: Uint8Array): unknown;
}

interface Method {
  readonly name: string;
  readonly requestType: Coder;
  readonly responseType: Coder;
  readonly responseStream: boolean;
}

/** A service as the code generator describes it. */
export interface Generated {
  readonly methods: Readonly<Record<string, Method>>;
}

export type Answer = (request: never) => Promise<object>;

/** Sends messages until aborted; what it resolves or rejects with ends the call. */
export type Streaming = (request: never, send: (message: object) => void, signal: AbortSignal) => Promise<void>;

/** One service on a socket. Methods without a handler are unimplemented. A rejection is the call's error, of code Unknown, as with Go. */
export interface Service {
  /** In full, its package included. */
  readonly name: string;
  readonly definition: Generated;
  readonly answers: Readonly<Record<string, Answer>>;
  readonly streams?: Readonly<Record<string, Streaming>>;
}

/** Serves on a unix socket, in the place of whatever was there; its directory is made. Resolves to what ends it. @throws Error */
export async function serveSocket(socket: string, services: readonly Service[]): Promise<() => void> {
  await mkdir(dirname(socket), { recursive: true, mode: 0o750 });
  await rm(socket, { force: true });
  const server = new Server();
  for (const service of services) add(server, service);
  const connections = server.createConnectionInjector(ServerCredentials.createInsecure());
  const listener = createServer((connection) => connections.injectConnection(lenient(connection)));
  const listening = Promise.withResolvers<void>();
  listener.once('error', listening.reject);
  listener.listen(socket, listening.resolve);
  await listening.promise;
  return () => {
    listener.close();
    server.forceShutdown();
  };
}

/** A connection whose client may call us by our path. */
function lenient(connection: Socket): Duplex {
  const mended = connection.pipe(new LenientAuthority());
  const both = Duplex.from({ readable: mended, writable: connection });
  connection.on('error', (error) => both.destroy(error));
  connection.on('close', () => both.destroy());
  both.on('error', () => connection.destroy());
  return both;
}

function add(server: Server, { name, definition, answers, streams = {} }: Service): void {
  const handlers: [string, UntypedHandleCall][] = [
    ...Object.entries(answers).map(([method, answer]) => [method, answering(answer)] as [string, UntypedHandleCall]),
    ...Object.entries(streams).map(([method, stream]) => [method, streaming(stream)] as [string, UntypedHandleCall]),
  ];
  const methods = handlers.map(([method]) => [method, describe(name, definition.methods[method])]);
  server.addService(Object.fromEntries(methods) as ServiceDefinition, Object.fromEntries(handlers));
}

function describe(service: string, method: Method | undefined): object {
  if (!method) throw new Error(`no such method of ${service}`);
  return {
    path: `/${service}/${method.name}`,
    requestStream: false,
    responseStream: method.responseStream,
    requestSerialize: () => Buffer.alloc(0),
    requestDeserialize: (bytes: Buffer) => method.requestType.decode(bytes),
    responseSerialize: (message: never) => Buffer.from(method.responseType.encode(message).finish()),
    responseDeserialize: () => ({}),
  };
}

function answering(answer: Answer): UntypedHandleCall {
  const call: handleUnaryCall<unknown, object> = ({ request }, reply) => {
    answer(request as never).then(
      (response) => reply(null, response),
      (error: unknown) => reply({ code: status.UNKNOWN, details: errorMessage(error) }),
    );
  };
  return call;
}

function streaming(stream: Streaming): UntypedHandleCall {
  const handle: handleServerStreamingCall<unknown, object> = (call) => {
    const gone = new AbortController();
    call.on('cancelled', () => gone.abort());
    stream(call.request as never, (message) => void call.write(message), gone.signal).then(
      () => call.end(),
      (error: unknown) =>
        call.destroy(Object.assign(new Error(errorMessage(error)), { code: status.UNKNOWN, details: errorMessage(error) })),
    );
  };
  return handle;
}
