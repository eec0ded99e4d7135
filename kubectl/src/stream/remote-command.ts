import type { Status } from '@keelson/types';
import type { WebSocket } from 'ws';
import type { Output } from '../types.ts';

/** The protocols of exec and attach, the best first. v4 cannot say that standard input has ended. */
export const remoteProtocols = ['v5.channel.k8s.io', 'v4.channel.k8s.io'] as const;

const channel = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const;

export interface TerminalSize {
  readonly width: number;
  readonly height: number;
}

export interface RemoteStreams {
  readonly stdin?: AsyncIterable<Buffer | string> | undefined;
  readonly stdout: Output;
  readonly stderr: Output;
  /** Called once; the given function is to be called with each new size of the terminal, the present one first. */
  readonly onResize?: ((send: (size: TerminalSize) => void) => void) | undefined;
}

/**
 * Joins streams to a command behind an open socket until the command ends.
 * @returns the exit code. @throws Error when the command could not be run, or the connection broke.
 */
export function runRemote(socket: WebSocket, streams: RemoteStreams): Promise<number> {
  const send = (to: number, data: Uint8Array): void => {
    if (socket.readyState === socket.OPEN) socket.send(Buffer.concat([Buffer.of(to), data]));
  };
  streams.onResize?.(({ width, height }) => send(channel.resize, Buffer.from(JSON.stringify({ Width: width, Height: height }))));
  if (streams.stdin) void pump(streams.stdin, socket, send);
  return new Promise((resolve, reject) => {
    let ended: Status | undefined;
    socket.on('message', (message: Buffer) => {
      const data = message.subarray(1);
      if (message[0] === channel.stdout) streams.stdout.write(data);
      else if (message[0] === channel.stderr) streams.stderr.write(data);
      else if (message[0] === channel.error) ended = JSON.parse(data.toString()) as Status;
    });
    socket.on('error', reject);
    socket.on('close', (code) => {
      // A server that closes in order without a word has nothing to complain about.
      if (!ended && code !== 1000) return reject(new Error('error reading from error stream: connection closed'));
      const result = ended ? outcomeOf(ended) : 0;
      if (typeof result === 'number') resolve(result);
      else reject(result);
    });
  });
}

/** The exit code that a final status tells, or what went wrong. */
export function outcomeOf(status: Status): number | Error {
  if (status.status === 'Success') return 0;
  const code = status.details?.causes?.find(({ reason }) => reason === 'ExitCode')?.message;
  return status.reason === 'NonZeroExitCode' && code !== undefined ? Number(code) : new Error(status.message ?? 'the command failed');
}

/** Bytes that may wait in the socket before more is read. */
const highWater = 1 << 20;

async function pump(stdin: AsyncIterable<Buffer | string>, socket: WebSocket, send: (to: number, data: Uint8Array) => void): Promise<void> {
  for await (const chunk of stdin) {
    send(channel.stdin, Buffer.from(chunk));
    while (socket.bufferedAmount > highWater && socket.readyState === socket.OPEN) await new Promise((resolve) => setImmediate(resolve));
  }
  if (socket.protocol === remoteProtocols[0]) send(channel.close, Buffer.of(channel.stdin));
}
