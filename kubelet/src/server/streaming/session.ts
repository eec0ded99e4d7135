import { errorMessage } from '@keelson/base';
import type { Stream, StreamOptions } from '../../cri/types.ts';

/** How a remote command ended, as the error channel tells it: a `metav1.Status`. */
export interface CommandStatus {
  readonly metadata: Record<string, never>;
  readonly status: 'Success' | 'Failure';
  readonly reason?: string;
  readonly message?: string;
  readonly code?: number;
  readonly details?: { readonly causes: readonly { readonly reason: string; readonly message: string }[] };
}

/** The client's end of exec or attach, whatever protocol it speaks. */
export interface RemoteSession {
  /** Called once; the handlers are called as the client sends. */
  receive(handlers: { stdin(data: Buffer): void; stdinClosed(): void; resize(width: number, height: number): void; gone(): void }): void;
  /** Resolves when more may be sent. */
  send(channel: 'stdout' | 'stderr', data: Buffer): Promise<void>;
  /** Says how it ended and closes. */
  finish(status: CommandStatus): void;
}

/** Joins a client to a running command until one of them ends. Never rejects. */
export async function joinRemote(
  session: RemoteSession,
  open: (options: StreamOptions) => Promise<Stream>,
  options: StreamOptions,
): Promise<void> {
  let stream: Stream;
  try {
    stream = await open(options);
  } catch (error) {
    return session.finish(failure(errorMessage(error)));
  }
  session.receive({
    stdin: (data) => stream.write(data),
    stdinClosed: () => stream.end(),
    resize: (width, height) => stream.resize(width, height),
    gone: () => stream.close(),
  });
  try {
    for await (const { channel, data } of stream.output) await session.send(channel, data);
    const { exitCode, message } = await stream.done;
    session.finish(exitCode === 0 && message === '' ? { metadata: {}, status: 'Success' } : ended(exitCode, message));
  } catch (error) {
    session.finish(failure(errorMessage(error)));
  }
}

/** What Kubernetes' clients take the exit code from; of a command that did not run, or that nobody saw end, there is none. */
function ended(exitCode: number, message: string): CommandStatus {
  if (exitCode <= 0) return failure(message);
  return {
    metadata: {},
    status: 'Failure',
    reason: 'NonZeroExitCode',
    message: `command terminated with non-zero exit code: exit status ${exitCode}`,
    details: { causes: [{ reason: 'ExitCode', message: String(exitCode) }] },
  };
}

function failure(message: string): CommandStatus {
  return { metadata: {}, status: 'Failure', reason: 'InternalError', message, code: 500 };
}
