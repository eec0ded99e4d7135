import { dataFrame, type Frame, FrameReader, pingFrame, resetFrame, synReplyFrame, windowUpdateFrame } from './frames.ts';
import { HeaderCodec, type Headers } from './headers.ts';

/** Where the frames of a connection go, and what tells that more may follow. */
export interface Wire {
  /** Resolves when the wire takes more. */
  write(data: Buffer): Promise<void>;
  /** Nothing more is sent: closes once the peer has had time to read. */
  end(): void;
}

/** One stream of a connection, opened by the client. */
export interface SpdyStream {
  readonly id: number;
  readonly headers: Headers;
  onData: (data: Buffer) => void;
  /** The client sends no more. */
  onEnd: () => void;
  send(data: Buffer): Promise<void>;
  /** Sends no more. */
  end(): void;
  reset(): void;
}

const largestData = 32 * 1024;
const resetCancel = 5;

/**
 * The server's side of a SPDY/3.1 connection as Kubernetes' clients speak it: only the client opens streams. Windows are not kept, as
 * those clients keep none; what arrives is given back to the client's window at once.
 */
export class SpdyConnection {
  readonly #wire: Wire;
  readonly #codec = new HeaderCodec();
  readonly #reader = new FrameReader(this.#codec);
  readonly #streams = new Map<number, ServerStream>();
  onStream: (stream: SpdyStream) => void = () => undefined;
  onClose: () => void = () => undefined;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  /** What came over the wire. */
  receive(data: Buffer): void {
    try {
      for (const frame of this.#reader.push(data)) this.#take(frame);
    } catch {
      this.close();
    }
  }

  /** The wire has ended. */
  ended(): void {
    for (const stream of this.#streams.values()) stream.finish();
    this.#streams.clear();
    this.onClose();
  }

  close(): void {
    this.#wire.end();
  }

  #take(frame: Frame): void {
    if (frame.type === 'synStream') this.#open(frame.stream, frame.headers, frame.fin);
    if (frame.type === 'data') this.#data(frame.stream, frame.data, frame.fin);
    if (frame.type === 'ping') void this.#wire.write(pingFrame(frame.id));
    if (frame.type === 'reset') {
      this.#streams.get(frame.stream)?.finish();
      this.#streams.delete(frame.stream);
    }
  }

  #open(id: number, headers: Headers, fin: boolean): void {
    const stream = new ServerStream(id, headers, this.#wire);
    this.#streams.set(id, stream);
    void this.#wire.write(synReplyFrame(id, this.#codec.encode(new Map())));
    this.onStream(stream);
    if (fin) stream.finish();
  }

  #data(id: number, data: Buffer, fin: boolean): void {
    const stream = this.#streams.get(id);
    if (data.length > 0) {
      void this.#wire.write(Buffer.concat([windowUpdateFrame(id, data.length), windowUpdateFrame(0, data.length)]));
      stream?.onData(data);
    }
    if (fin) stream?.finish();
  }
}

class ServerStream implements SpdyStream {
  readonly id: number;
  readonly headers: Headers;
  readonly #wire: Wire;
  onData: (data: Buffer) => void = () => undefined;
  onEnd: () => void = () => undefined;
  #over = false;
  #finished = false;

  constructor(id: number, headers: Headers, wire: Wire) {
    this.id = id;
    this.headers = headers;
    this.#wire = wire;
  }

  async send(data: Buffer): Promise<void> {
    for (let at = 0; at < data.length && !this.#over; at += largestData) {
      await this.#wire.write(dataFrame(this.id, data.subarray(at, at + largestData), false));
    }
  }

  end(): void {
    if (this.#over) return;
    this.#over = true;
    void this.#wire.write(dataFrame(this.id, Buffer.alloc(0), true));
  }

  reset(): void {
    this.#over = true;
    void this.#wire.write(resetFrame(this.id, resetCancel));
  }

  finish(): void {
    if (this.#finished) return;
    this.#finished = true;
    this.onEnd();
  }
}
