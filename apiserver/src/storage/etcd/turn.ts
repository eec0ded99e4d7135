import type { StoreEvent } from '../types.ts';

type Publish = (events: readonly StoreEvent[], revision: number) => void;

/**
 * Publishes what one turn of the event loop brings as one batch. etcd tells of each revision by itself; what watchers are told together
 * costs each of them one write, so the busier the server is the less a change costs.
 */
export class Turn {
  readonly #publish: Publish;
  #events: StoreEvent[] = [];
  #revision = 0;

  constructor(publish: Publish) {
    this.#publish = publish;
  }

  /** Events in order, later than those before; complete up to `revision`. */
  add(events: readonly StoreEvent[], revision: number): void {
    if (this.#events.length === 0) setImmediate(() => this.end());
    this.#events.push(...events);
    this.#revision = revision;
  }

  /** Publishes what is there without waiting for the turn to end. */
  end(): void {
    if (this.#events.length === 0) return;
    const events = this.#events;
    this.#events = [];
    this.#publish(events, this.#revision);
  }
}
