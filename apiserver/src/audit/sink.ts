import { errorMessage, type Logger } from '@keelson/base';
import type { AuditEvent } from './event.ts';
import type { AuditMetrics } from './metrics.ts';

/** Where events are kept. */
export interface Backend {
  /** `log` or `webhook`, as in metrics. */
  readonly name: string;
  /** The most events of one write. */
  readonly batch: number;
  /** Milliseconds events wait for others; none when 0. */
  readonly wait: number;
  /** Called with one batch at a time. @throws when the events are not kept. */
  write(events: readonly AuditEvent[]): Promise<void>;
  close(): Promise<void>;
}

/**
 * `batch`: requests never wait, and what does not fit the buffer is lost. `blocking`: requests wait until what is told of them is kept,
 * and go on when it cannot be. `blocking-strict`: they are then refused.
 */
export type Mode = 'batch' | 'blocking' | 'blocking-strict';
export const modes: readonly Mode[] = ['batch', 'blocking', 'blocking-strict'];

export interface SinkOptions {
  readonly backend: Backend;
  readonly mode: Mode;
  /** The most events that wait. In blocking modes new requests wait when there are as many. */
  readonly buffer: number;
  readonly metrics: AuditMetrics;
  readonly log: Logger;
  /** Resolves after so many milliseconds, or when the server stops. */
  readonly sleep: (ms: number) => Promise<void>;
}

/** Takes events of requests to a backend, off the way of the requests. */
export class Sink {
  readonly #options: SinkOptions;
  #waiting: Entry[] = [];
  #writing: Promise<void> | undefined;
  /** Ends the waiting for a fuller batch. */
  #hurry: (() => void) | undefined;
  #closing = false;

  constructor(options: SinkOptions) {
    this.#options = options;
  }

  /** Undefined, or a promise to wait for: false when a strict sink could not keep the event. */
  process(event: AuditEvent): Promise<boolean> | undefined {
    const { mode, buffer, metrics } = this.#options;
    if (mode === 'batch') {
      if (this.#waiting.length >= buffer) metrics.lost('buffered', 1);
      else this.#add({ event });
      return undefined;
    }
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#add({ event, settle: (kept) => resolve(kept || mode !== 'blocking-strict') });
    return promise;
  }

  /** Something to wait for before another request is begun; in batch mode, and mostly, nothing. */
  room(): Promise<void> | undefined {
    return this.#options.mode !== 'batch' && this.#waiting.length >= this.#options.buffer ? this.#writing : undefined;
  }

  /** Resolves when all is written. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#hurry?.();
    while (this.#writing) await this.#writing;
    await this.#options.backend.close();
  }

  #add(entry: Entry): void {
    this.#waiting.push(entry);
    this.#writing ??= this.#write();
    if (this.#waiting.length >= this.#options.backend.batch) this.#hurry?.();
  }

  async #write(): Promise<void> {
    const { backend, mode } = this.#options;
    // Events of one turn of the event loop go together.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      if (mode === 'batch' && backend.wait > 0) await this.#gather();
      await this.#writeOnce(this.#waiting.splice(0, backend.batch));
    }
    this.#writing = undefined;
  }

  /** Waits for a full batch, for as long as events may wait. */
  async #gather(): Promise<void> {
    const { backend, sleep } = this.#options;
    if (this.#closing || this.#waiting.length >= backend.batch) return;
    const { promise: full, resolve } = Promise.withResolvers<void>();
    this.#hurry = resolve;
    await Promise.race([sleep(backend.wait), full]);
    this.#hurry = undefined;
  }

  async #writeOnce(entries: readonly Entry[]): Promise<void> {
    const { backend, metrics, log } = this.#options;
    let kept = true;
    try {
      await backend.write(entries.map(({ event }) => event));
    } catch (error) {
      kept = false;
      metrics.lost(backend.name, entries.length);
      log.error(`Error in audit plugin '${backend.name}' affecting ${entries.length} audit events`, { err: errorMessage(error) });
    }
    for (const { settle } of entries) settle?.(kept);
  }
}

interface Entry {
  readonly event: AuditEvent;
  settle?(kept: boolean): void;
}
