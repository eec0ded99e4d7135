import type { StreamOptions } from '../../../cri/types.ts';
import type { CommandStatus, RemoteSession } from '../session.ts';
import type { SpdyConnection, SpdyStream } from './connection.ts';

type Handlers = Parameters<RemoteSession['receive']>[0];

/** Exec or attach over SPDY (`v4.channel.k8s.io`): the client opens a stream for each of error, stdin, stdout, stderr and resize it wants. */
export function spdySession(connection: SpdyConnection, options: StreamOptions): RemoteSession {
  const arrived = expected(options).map((type) => [type, Promise.withResolvers<SpdyStream>()] as const);
  const waiting = new Map(arrived);
  let handlers: Handlers | undefined;
  const early: Buffer[] = [];
  let closed = false;
  connection.onStream = (stream) => {
    const type = stream.headers.get('streamtype') ?? '';
    if (type === 'stdin') {
      stream.onData = (data) => (handlers ? handlers.stdin(data) : void early.push(data));
      stream.onEnd = () => {
        closed = true;
        handlers?.stdinClosed();
      };
    }
    if (type === 'resize') stream.onData = (data) => handlers && resize(data, handlers);
    waiting.get(type)?.resolve(stream);
  };
  connection.onClose = () => handlers?.gone();
  return {
    receive(given) {
      handlers = given;
      for (const data of early.splice(0)) given.stdin(data);
      if (closed) given.stdinClosed();
    },
    send: async (channel, data) => (await waiting.get(channel)?.promise)?.send(data),
    finish(status) {
      void finish(connection, new Map(arrived.map(([type, { promise }]) => [type, promise])), status);
    },
  };
}

function expected({ stdin, stdout, stderr, tty }: StreamOptions): string[] {
  return [
    'error',
    ...(stdin ? ['stdin'] : []),
    ...(stdout ? ['stdout'] : []),
    ...(stderr && !tty ? ['stderr'] : []),
    ...(tty ? ['resize'] : []),
  ];
}

/** A client opens its streams one after another and reads each to its end: none may be left open that comes when all is over. */
async function finish(connection: SpdyConnection, streams: ReadonlyMap<string, Promise<SpdyStream>>, status: CommandStatus): Promise<void> {
  // In v4 success is told by a Status too.
  await (await streams.get('error'))?.send(Buffer.from(JSON.stringify(status)));
  for (const each of await Promise.all(streams.values())) each.end();
  connection.close();
}

/** Sizes come as one JSON object a message, perhaps several in one piece. */
function resize(data: Buffer, handlers: Handlers): void {
  for (const text of data.toString().match(/\{[^}]*\}/g) ?? []) {
    try {
      const size = JSON.parse(text) as { Width?: number; Height?: number };
      if (size.Width && size.Height) handlers.resize(size.Width, size.Height);
    } catch {
      // A client that sends nonsense keeps its size.
    }
  }
}
