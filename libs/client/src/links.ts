import { connect, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectSecurely } from 'node:tls';
import type { Clock } from '@keelson/base';
import { type Answer, AnswerReader } from './answers.ts';

/** Requests that go down one connection together, one behind the other. Their answers come in the same order. */
const together = 8;

/** Connections. Requests beyond what they hold wait. */
const mostLinks = 16;

/** Milliseconds after which an idle connection is not used any more: servers and what stands before them close such ones after 30 s and more. */
const longestIdle = 25_000;

export interface LinksOptions {
  readonly host: string;
  readonly port: number;
  /** Absent for plain HTTP. */
  readonly tls?: ConnectionOptions | undefined;
  readonly clock: Clock;
}

export interface LinkRequest {
  /** Head and body as they are sent. */
  readonly text: string;
  /** Whether it may be sent again when a connection that had been idle turns out to be closed. */
  readonly mayRepeat: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** A request under way. */
interface Sent {
  readonly text: string;
  mayRepeat: boolean;
  /** Nobody waits for it any more. */
  over: boolean;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * A few connections that carry many small requests: those made in one turn of the event loop go down a connection together, in one piece.
 * So both sides read, write and wake up less often than with a connection for each (docs/decisions/what-a-request-costs.md).
 */
export class Links {
  readonly #options: LinksOptions;
  readonly #links = new Set<Link>();
  #queue: Sent[] = [];
  #scheduled = false;
  #closed = false;
  #session: Buffer | undefined;

  constructor(options: LinksOptions) {
    this.#options = options;
  }

  /** @throws what broke the connection, ECONNRESET in Node's words when the server closed it; the signal's reason. */
  send({ text, mayRepeat, signal }: LinkRequest): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const abort = (): void => this.#abandon(sent, signal?.reason);
      const settle = <T>(how: (value: T) => void, value: T): void => {
        sent.over = true;
        signal?.removeEventListener('abort', abort);
        how(value);
      };
      const sent: Sent = {
        ...{ text, mayRepeat, over: false },
        resolve: (answer) => settle(resolve, answer),
        reject: (error) => settle(reject, error),
      };
      signal?.addEventListener('abort', abort, { once: true });
      this.#enqueue([sent]);
    });
  }

  /** Breaks off what is under way. */
  close(): void {
    this.#closed = true;
    for (const { reject } of this.#queue.splice(0)) reject(hangUp());
    for (const link of this.#links) link.destroy();
  }

  /** Lets what is under way finish. */
  retire(): void {
    for (const link of this.#links) link.retire();
  }

  #enqueue(requests: readonly Sent[]): void {
    if (this.#closed) for (const { reject } of requests) reject(hangUp());
    else this.#queue.push(...requests);
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => this.#share());
  }

  /** Gives what waits to connections that have nothing to do. */
  #share(): void {
    this.#scheduled = false;
    while (this.#queue.length > 0) {
      const link = this.#idle() ?? (this.#links.size < mostLinks ? this.#open() : undefined);
      if (!link) return;
      link.send(this.#queue.splice(0, together));
    }
  }

  #idle(): Link | undefined {
    const now = this.#options.clock.now();
    for (const link of this.#links) {
      if (!link.idle) continue;
      if (now - link.idleSince < longestIdle) return link;
      link.destroy();
    }
    return undefined;
  }

  #open(): Link {
    const { host, port, tls, clock } = this.#options;
    const socket = tls ? connectSecurely({ host, port, ...tls, session: this.#session }) : connect({ host, port });
    socket.on('session', (session: Buffer) => {
      this.#session = session;
    });
    const link = new Link(socket, clock, {
      free: () => this.#share(),
      gone: (again) => {
        this.#links.delete(link);
        this.#enqueue(again);
      },
    });
    this.#links.add(link);
    return link;
  }

  #abandon(sent: Sent, reason: unknown): void {
    sent.reject(reason);
    this.#queue = this.#queue.filter((waiting) => waiting !== sent);
    for (const link of this.#links) if (link.carries(sent)) link.retire();
  }
}

interface LinkEvents {
  free(): void;
  /** It is closed; these requests are to be sent once more. */
  gone(again: readonly Sent[]): void;
}

/** One connection. */
class Link {
  /** When it last began to be idle, or was opened; milliseconds. */
  idleSince: number;
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #events: LinkEvents;
  readonly #reader = new AnswerReader();
  /** In the order they were sent in, which is the answers'. */
  readonly #waiting: Sent[] = [];
  #retired = false;
  #error: NodeJS.ErrnoException | undefined;
  /** Whether it has been idle before what it carries now. */
  #reused = false;

  constructor(socket: Socket, clock: Clock, events: LinkEvents) {
    this.#socket = socket;
    this.#clock = clock;
    this.#events = events;
    this.idleSince = clock.now();
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 1000);
    socket.on('data', (bytes) => this.#take(bytes));
    socket.on('end', () => this.destroy());
    socket.on('error', (error) => {
      this.#error = error;
    });
    socket.on('close', () => this.#closed());
  }

  get idle(): boolean {
    return !this.#retired && !this.#socket.destroyed && this.#waiting.length === 0;
  }

  carries(sent: Sent): boolean {
    return this.#waiting.includes(sent);
  }

  send(requests: readonly Sent[]): void {
    this.#waiting.push(...requests);
    this.#socket.ref();
    this.#socket.write(requests.map(({ text }) => text).join(''));
  }

  /** Takes nothing more, and goes once nobody waits for an answer. */
  retire(): void {
    this.#retired = true;
    if (this.#waiting.every(({ over }) => over)) this.destroy();
  }

  destroy(): void {
    this.#retired = true;
    this.#socket.destroy();
  }

  #take(bytes: Buffer): void {
    try {
      for (const answer of this.#reader.take(bytes)) this.#answered(answer);
    } catch (error) {
      this.#socket.destroy(error as Error);
      return;
    }
    if (this.#retired) this.retire();
    else if (this.#waiting.length === 0) this.#rest();
  }

  #answered(answer: Answer): void {
    const sent = this.#waiting.shift();
    if (!sent) throw new Error('an HTTP response that nobody asked for');
    if (!sent.over) sent.resolve(answer);
    if (answer.last) this.destroy();
  }

  /** An idle connection keeps no process alive. */
  #rest(): void {
    this.#reused = true;
    this.idleSince = this.#clock.now();
    this.#socket.unref();
    this.#events.free();
  }

  #closed(): void {
    this.#retired = true;
    const waiting = this.#waiting.splice(0).filter(({ over }) => !over);
    // The server closed the idle connection as we took it.
    const stale = this.#reused && (this.#error === undefined || this.#error.code === 'ECONNRESET');
    const again = waiting.filter(({ mayRepeat }) => stale && mayRepeat);
    for (const sent of waiting) if (!again.includes(sent)) sent.reject(this.#error ?? hangUp());
    for (const sent of again) sent.mayRepeat = false;
    this.#events.gone(again);
  }
}

function hangUp(): Error {
  return Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
}
