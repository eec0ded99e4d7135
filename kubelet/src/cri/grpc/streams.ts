import { OutputQueue } from '../output.ts';
import type { ExecResult, Stream, StreamOptions, Streams } from '../types.ts';
import type { CriClient } from './client.ts';
import { RuntimeServiceDefinition } from './codec/cri.ts';
import { broken, type Outcome, outcome } from './outcome.ts';
import { connect, type SpdyConnection, type StreamListener } from './spdy/connection.ts';

const { fullName: service, methods } = RuntimeServiceDefinition;

/**
 * Streams through the streaming server whose address the runtime gives: SPDY/3.1, which every containerd from 1.6 on speaks and which,
 * unlike `v4.channel.k8s.io` over WebSocket, can close standard input while the output goes on.
 */
export class GrpcStreams implements Streams {
  readonly #client: CriClient;
  readonly #timeoutMs: number;

  constructor(client: CriClient, timeoutMs: number) {
    this.#client = client;
    this.#timeoutMs = timeoutMs;
  }

  async execSync(containerId: string, command: readonly string[], timeoutSeconds: number): Promise<ExecResult> {
    const timeout = timeoutSeconds > 0 ? timeoutSeconds * 1000 + this.#timeoutMs : Number.POSITIVE_INFINITY;
    const request = { containerId, cmd: [...command], timeout: BigInt(timeoutSeconds) };
    return this.#client.call(service, methods.execSync, request, timeout);
  }

  async exec(containerId: string, options: StreamOptions & { readonly command: readonly string[] }): Promise<Stream> {
    const request = { containerId, cmd: [...options.command], ...flags(options) };
    const { url } = await this.#client.call(service, methods.exec, request, this.#timeoutMs);
    return process(await connect(url, ['v4.channel.k8s.io']), request);
  }

  async attach(containerId: string, options: StreamOptions): Promise<Stream> {
    const request = { containerId, ...flags(options) };
    const { url } = await this.#client.call(service, methods.attach, request, this.#timeoutMs);
    return process(await connect(url, ['v4.channel.k8s.io']), request);
  }

  async portForward(podSandboxId: string, port: number): Promise<Stream> {
    const { url } = await this.#client.call(service, methods.portForward, { podSandboxId, port: [port] }, this.#timeoutMs);
    return forward(await connect(url, ['portforward.k8s.io']), port);
  }
}

/** A terminal has one output: CRI refuses standard error beside it. */
function flags({ stdin, stdout, stderr, tty }: StreamOptions): StreamOptions {
  return { stdin, stdout, tty, stderr: stderr && !tty };
}

function process(connection: SpdyConnection, options: StreamOptions): Stream {
  const { queue, done, listen, text } = collect(connection, outcome);
  const open = (streamType: string, listener: StreamListener) => connection.open({ streamType }, listener);
  open('error', text).end();
  const stdin = options.stdin ? open('stdin', ignored) : undefined;
  if (options.stdout) open('stdout', listen('stdout')).end();
  if (options.stderr) open('stderr', listen('stderr')).end();
  const resize = options.tty ? open('resize', ignored) : undefined;
  return {
    output: queue,
    done,
    write: (data) => stdin?.write(data),
    end: () => stdin?.end(),
    resize: (width, height) => resize?.write(Buffer.from(`${JSON.stringify({ Width: width, Height: height })}\n`)),
    close: () => connection.close(),
  };
}

function forward(connection: SpdyConnection, port: number): Stream {
  const { queue, done, listen, text } = collect(connection, (message) => ({ exitCode: message === '' ? 0 : broken.exitCode, message }));
  const headers = { port: String(port), requestID: '0' };
  connection.open({ ...headers, streamType: 'error' }, text).end();
  const data = connection.open({ ...headers, streamType: 'data' }, listen('stdout'));
  return {
    output: queue,
    done,
    write: (piece) => data.write(piece),
    end: () => data.end(),
    resize: () => undefined,
    close: () => connection.close(),
  };
}

const ignored: StreamListener = { onData: () => undefined, onEnd: () => undefined };

interface Collected {
  readonly queue: OutputQueue;
  readonly done: Promise<Outcome>;
  /** A listener that passes on what arrives. */
  readonly listen: (channel: 'stdout' | 'stderr') => StreamListener;
  /** The listener of the error stream. */
  readonly text: StreamListener;
}

/** Ends the output and the connection when every stream that is listened to has ended. */
function collect(connection: SpdyConnection, conclude: (text: string) => Outcome): Collected {
  const queue = new OutputQueue(connection);
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const errors: Buffer[] = [];
  let open = 1;
  const onEnd = (): void => {
    open -= 1;
    if (open > 0) return;
    queue.end();
    resolve(conclude(Buffer.concat(errors).toString()));
    connection.close();
  };
  const listen: Collected['listen'] = (channel) => {
    open += 1;
    return { onData: (data) => queue.push(channel, data), onEnd };
  };
  return { queue, done: promise, listen, text: { onData: (data) => errors.push(data), onEnd } };
}
