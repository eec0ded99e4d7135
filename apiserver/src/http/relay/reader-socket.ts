import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { forbidden } from '@keelson/machinery';
import { type WebSocket, WebSocketServer } from 'ws';

/** A client's connection that left HTTP. */
interface Left {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
}

/** A WebSocket on which only the server speaks. */
export interface ReaderSocket {
  /** Ends when the client is gone. */
  readonly gone: AbortSignal;
  /** One message. Resolves when more may be sent. */
  send(data: Buffer): Promise<void>;
  close(): void;
}

/** Bytes as they are; as base64 text; with who names no protocol, bytes. */
const protocols = ['binary.k8s.io', 'base64.binary.k8s.io'];

const upgrader = new WebSocketServer({
  noServer: true,
  clientTracking: false,
  perMessageDeflate: false,
  handleProtocols: (offered) => [...offered].find((each) => protocols.includes(each)) ?? false,
});

/** Takes a connection over; as in Kubernetes an empty message comes first. @throws StatusError Forbidden when the client offers only other protocols. */
export async function readerSocket({ request, socket, head }: Left): Promise<ReaderSocket> {
  const offered = request.headers['sec-websocket-protocol']?.split(',').map((each) => each.trim());
  if (offered && !offered.some((each) => protocols.includes(each)))
    throw forbidden({ group: '', resource: '' }, '', `none of the WebSocket protocols ${offered.join(', ')} is spoken`);
  const webSocket = await new Promise<WebSocket>((done) => upgrader.handleUpgrade(request, socket, head, done));
  const gone = new AbortController();
  webSocket.on('close', () => gone.abort()).on('error', () => webSocket.terminate());
  const isText = webSocket.protocol === 'base64.binary.k8s.io';
  const send = (data: Buffer): Promise<void> =>
    new Promise((done) => webSocket.send(isText ? data.toString('base64') : data, { binary: !isText }, () => done()));
  await send(Buffer.alloc(0));
  return { gone: gone.signal, send, close: () => webSocket.close(1000) };
}
