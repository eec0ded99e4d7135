import { request } from 'node:http';
import type { Duplex } from 'node:stream';
import { RuntimeError } from '../../types.ts';
import { dataFrame, type Frame, FrameReader, pingFrame, synStreamFrame } from './frames.ts';

/** What one stream of a connection brings. `onEnd` is called once. */
export interface StreamListener {
  onData(data: Buffer): void;
  onEnd(): void;
}

/** A SPDY/3.1 connection to a CRI streaming server, with the streams that this side opened. */
export class SpdyConnection {
  readonly #socket: Duplex;
  readonly #listeners = new Map<number, StreamListener>();
  #next = 1;

  constructor(socket: Duplex, head: Buffer) {
    this.#socket = socket;
    const reader = new FrameReader();
    const receive = (bytes: Buffer): void => {
      for (const frame of reader.read(bytes)) this.#receive(frame);
    };
    socket.on('data', receive);
    socket.on('error', () => this.close());
    socket.on('close', () => this.#endAll());
    socket.on('end', () => this.close());
    receive(head);
  }

  /** Opens a stream with these headers; the result writes to it. */
  open(headers: Readonly<Record<string, string>>, listener: StreamListener): SpdyStream {
    const id = this.#next;
    this.#next += 2;
    this.#listeners.set(id, listener);
    this.#send(synStreamFrame(id, headers, id === 1));
    let ended = false;
    return {
      write: (data) => {
        if (!ended) this.#send(dataFrame(id, data, false));
      },
      end: () => {
        if (!ended) this.#send(dataFrame(id, Buffer.alloc(0), true));
        ended = true;
      },
    };
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  close(): void {
    this.#socket.destroy();
    this.#endAll();
  }

  #send(frame: Buffer): void {
    if (this.#socket.writable) this.#socket.write(frame);
  }

  #receive(frame: Frame): void {
    switch (frame.type) {
      case 'data':
        this.#listeners.get(frame.stream)?.onData(frame.data);
        if (frame.last) this.#end(frame.stream);
        return;
      case 'end':
        this.#end(frame.stream);
        return;
      case 'ping':
        this.#send(pingFrame(frame.id));
        return;
      case 'goAway':
        return;
    }
  }

  #end(stream: number): void {
    const listener = this.#listeners.get(stream);
    this.#listeners.delete(stream);
    listener?.onEnd();
  }

  #endAll(): void {
    for (const stream of [...this.#listeners.keys()]) this.#end(stream);
  }
}

export interface SpdyStream {
  write(data: Buffer): void;
  /** Closes this side's half. */
  end(): void;
}

/**
 * Connects to a streaming URL that the runtime gave, as the first of `protocols` that it knows.
 * @throws RuntimeError `Unavailable` when nothing answers there, `Internal` with the server's words when it refuses.
 */
export function connect(url: string, protocols: readonly string[]): Promise<SpdyConnection> {
  const headers = { connection: 'Upgrade', upgrade: 'SPDY/3.1', 'x-stream-protocol-version': [...protocols] };
  return new Promise((resolve, reject) => {
    const call = request(url, { method: 'POST', headers });
    call.on('upgrade', (_response, socket, head) => resolve(new SpdyConnection(socket, head)));
    call.on('error', (error) => reject(new RuntimeError('Unavailable', error.message, { cause: error })));
    call.on('response', (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('close', () =>
        reject(new RuntimeError('Internal', `${response.statusCode}: ${Buffer.concat(pieces).toString().trim()}`)),
      );
    });
    call.end();
  });
}
