import type { Store, StoreEvent } from '../types.ts';
import { eventually } from './eventually.ts';

/** A watcher that keeps what it was told. */
export class Recorder {
  readonly events: StoreEvent[] = [];
  /** Complete up to here, by its own account. */
  revision: number;
  batches = 0;
  ended = false;
  error: unknown;
  readonly finished: Promise<void>;
  readonly #abort = new AbortController();

  constructor(store: Store, prefix: string, after: number) {
    this.revision = after;
    this.finished = this.#run(store, prefix, after);
  }

  /** Waits until the stream says it is complete up to `revision`. */
  async reached(revision: number): Promise<void> {
    await eventually(`a watch that reaches revision ${revision}, now ${this.revision}`, () => {
      if (this.error) throw this.error;
      return this.revision >= revision;
    });
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.finished;
  }

  /** The events in a form that compares: `put /a 3 created value`. */
  get lines(): string[] {
    return this.events.map(lineOf);
  }

  async #run(store: Store, prefix: string, after: number): Promise<void> {
    try {
      for await (const { events, revision } of store.watch(prefix, { after, signal: this.#abort.signal })) {
        this.batches++;
        for (const event of events) {
          if (event.revision > revision) throw new Error(`revision ${event.revision} in a batch up to ${revision}`);
          if (event.revision <= this.revision) throw new Error(`revision ${event.revision} after ${this.revision}`);
        }
        this.events.push(...events);
        this.revision = revision;
      }
    } catch (error) {
      this.error = error;
    }
    this.ended = true;
  }
}

export function lineOf(event: StoreEvent): string {
  if (event.type === 'delete') return `delete ${event.key} ${event.revision}`;
  return `put ${event.key} ${event.revision} ${event.created ? 'created' : 'updated'} ${event.value.toString('latin1')}`;
}
