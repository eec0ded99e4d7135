import { errorMessage } from '@keelson/base';
import type { WebSocket } from 'ws';
import type { Stream } from '../../cri/types.ts';
import { sendPaced } from './websocket.ts';

/** Opens one connection to a port of the pod. */
export type Dial = (port: number) => Promise<Stream>;

/**
 * Port-forward over a WebSocket of `v4.channel.k8s.io`: each port has a data and an error channel, which both begin with the port in two
 * bytes, little end first.
 */
export async function forwardOverWebSocket(socket: WebSocket, ports: readonly number[], dial: Dial): Promise<void> {
  const early = new Map<number, Buffer[]>();
  const streams: (Stream | undefined)[] = [];
  socket.on('message', (message: Buffer) => {
    const channel = message[0] ?? 0;
    if (channel % 2 === 1) return;
    const stream = streams[channel / 2];
    if (stream) stream.write(message.subarray(1));
    else early.set(channel, [...(early.get(channel) ?? []), message.subarray(1)]);
  });
  socket.on('close', () => {
    for (const stream of streams) stream?.close();
  });
  await Promise.all(
    ports.map((port, index) =>
      forward(socket, port, index * 2, dial, (stream) => {
        streams[index] = stream;
        for (const data of early.get(index * 2) ?? []) stream.write(data);
        // The client may have left before the pod was reached.
        if (socket.readyState !== socket.OPEN) stream.close();
      }),
    ),
  );
  socket.close(1000);
}

async function forward(socket: WebSocket, port: number, channel: number, dial: Dial, opened: (stream: Stream) => void): Promise<void> {
  const send = (to: number, data: Buffer): Promise<void> => sendPaced(socket, Buffer.concat([Buffer.from([to]), data]));
  const number = Buffer.from([port & 0xff, port >> 8]);
  await send(channel, number);
  await send(channel + 1, number);
  try {
    const stream = await dial(port);
    opened(stream);
    for await (const { data } of stream.output) await send(channel, data);
  } catch (error) {
    await send(channel + 1, Buffer.from(`error forwarding port ${port} to pod: ${errorMessage(error)}`));
  }
}
