import { errorMessage } from '@keelson/base';
import type { Stream } from '../../../cri/types.ts';
import type { Dial } from '../portforward.ts';
import type { SpdyConnection, SpdyStream } from './connection.ts';

/** The two streams of one forwarded connection. */
interface Pair {
  data: SpdyStream | undefined;
  error: SpdyStream | undefined;
}

/** Port-forward over SPDY: for each connection the client opens an error and a data stream with one `requestid`. */
export function forwardOverSpdy(connection: SpdyConnection, dial: Dial): Promise<void> {
  const pairs = new Map<string, Pair>();
  const open = new Set<Stream>();
  let gone = false;
  const opened = (stream: Stream): void => {
    open.add(stream);
    // The client may have left before the pod was reached.
    if (gone) stream.close();
  };
  connection.onStream = (stream) => {
    // Clients of old sent no request id and opened the error stream just before the data stream.
    const type = stream.headers.get('streamtype');
    const id = stream.headers.get('requestid') ?? String(type === 'error' ? stream.id : stream.id - 2);
    const pair = pairs.get(id) ?? { data: undefined, error: undefined };
    if (type === 'error') pair.error = stream;
    else pair.data = stream;
    pairs.set(id, pair);
    if (!pair.data || !pair.error) return;
    pairs.delete(id);
    void forward(pair.data, pair.error, dial, opened).then((stream) => stream && open.delete(stream));
  };
  return new Promise((resolve) => {
    connection.onClose = () => {
      gone = true;
      for (const stream of open) stream.close();
      resolve();
    };
  });
}

async function forward(data: SpdyStream, error: SpdyStream, dial: Dial, opened: (stream: Stream) => void): Promise<Stream | undefined> {
  const port = Number(data.headers.get('port'));
  const early: Buffer[] = [];
  let over = false;
  data.onData = (bytes) => void early.push(bytes);
  data.onEnd = () => {
    over = true;
  };
  let stream: Stream | undefined;
  try {
    const live = await dial(port);
    stream = live;
    for (const bytes of early) live.write(bytes);
    data.onData = (bytes) => live.write(bytes);
    data.onEnd = () => live.end();
    if (over) live.end();
    opened(live);
    for await (const piece of live.output) await data.send(piece.data);
  } catch (failure) {
    await error.send(Buffer.from(`an error occurred forwarding ${port}: ${errorMessage(failure)}`));
  }
  data.end();
  error.end();
  return stream;
}
