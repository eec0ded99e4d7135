import { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { HttpResponseLike } from '@keelson/client';

/** Bytes a slow watcher may have waiting before its stream is ended; it resumes from its last revision. */
const backlogLimit = 16 * 1024 * 1024;

/**
 * Writes shared frames to one client. Frames of one turn of the event loop leave in one write: a TLS record costs more than the copy.
 * What the socket will not take waits in order; past the limit the stream is cut.
 */
export class WatchStream {
  readonly #response: HttpResponseLike;
  #waiting: Buffer[] = [];
  #bytes = 0;
  #blocked = false;
  #flushing = false;
  #socket: Socket | undefined;

  constructor(response: HttpResponseLike) {
    this.#response = response;
    response.on('drain', this.#unblock);
  }

  /** Sends the head even when there is nothing to say yet. */
  begin(): void {
    if (!this.#response.headersSent) this.#response.flushHeaders();
  }

  write(frame: Buffer): void {
    if (this.#response.destroyed || this.#response.writableEnded) return;
    this.#waiting.push(frame);
    this.#bytes += frame.length;
    if (this.#bytes > backlogLimit && this.#blocked) this.#response.destroy();
    if (this.#flushing || this.#blocked) return;
    this.#flushing = true;
    // A socket is written to after the answers to those who made the changes, and once for all commits of this turn.
    if (this.#ownSocket()) setImmediate(() => this.#flush());
    else queueMicrotask(() => this.#flush());
  }

  /** Ends the stream after all that was written to it. */
  end(): void {
    if (this.#waiting.length > 0) this.#send();
    if (!this.#response.writableEnded) this.#response.end();
  }

  readonly #unblock = (): void => {
    this.#blocked = false;
    this.#flush();
  };

  #flush(): void {
    this.#flushing = false;
    if (!this.#blocked && this.#waiting.length > 0) this.#send();
  }

  #send(): void {
    if (this.#response.destroyed || this.#response.writableEnded) return;
    const { payload, chunk } = joined(this.#waiting, this.#bytes);
    this.#waiting = [];
    this.#bytes = 0;
    const socket = this.#ownSocket();
    this.#blocked = !(socket ? socket.write(chunk) : this.#response.write(payload));
  }

  /** Undefined while chunks cannot be framed beforehand: in process, before the head is sent, behind another answer of the connection. */
  #ownSocket(): Socket | undefined {
    if (this.#socket) return this.#socket;
    const response = this.#response;
    if (!(response instanceof ServerResponse) || !response.headersSent || !response.chunkedEncoding || !response.socket) return undefined;
    const { socket } = response;
    socket.on('drain', this.#unblock);
    response.on('close', () => socket.off('drain', this.#unblock));
    this.#socket = socket;
    return socket;
  }
}

/** Frames in one piece, and the same as a chunk of HTTP's chunked encoding. */
interface Joined {
  readonly frames: readonly Buffer[];
  readonly payload: Buffer;
  readonly chunk: Buffer;
}

/**
 * The last frames that were joined. Watchers of one kind are told the same at the same time: what is joined for one serves the next, its
 * chunk's frame included, which saves each of them a copy and two small writes.
 */
let lastJoined: Joined | undefined;
const mostKept = 1024 * 1024;

function joined(frames: readonly Buffer[], size: number): Joined {
  const known = lastJoined;
  if (known && known.frames.length === frames.length && frames.every((frame, i) => frame === known.frames[i])) return known;
  const head = Buffer.from(`${size.toString(16)}\r\n`);
  const chunk = Buffer.concat([head, ...frames, lineEnd], head.length + size + lineEnd.length);
  const made = { frames, payload: chunk.subarray(head.length, head.length + size), chunk };
  if (size <= mostKept) lastJoined = made;
  return made;
}

const lineEnd = Buffer.from('\r\n');
