/** One piece of what a process printed. */
export interface Output {
  readonly channel: 'stdout' | 'stderr';
  readonly data: Buffer;
}

/** Called when more than the bound is waiting to be read, and again when less than half of it is. */
export interface Pressure {
  pause(): void;
  resume(): void;
}

const bound = 1 << 20;

/** Output waiting for its one reader. Pieces that were pushed before `end` are still read after it. */
export class OutputQueue implements AsyncIterable<Output> {
  readonly #pieces: Output[] = [];
  readonly #pressure: Pressure | undefined;
  #waiting: (() => void) | undefined;
  #bytes = 0;
  #paused = false;
  #ended = false;

  constructor(pressure?: Pressure) {
    this.#pressure = pressure;
  }

  push(channel: Output['channel'], data: Buffer): void {
    if (this.#ended || data.length === 0) return;
    this.#pieces.push({ channel, data });
    this.#bytes += data.length;
    if (this.#bytes > bound && !this.#paused) {
      this.#paused = true;
      this.#pressure?.pause();
    }
    this.#waiting?.();
  }

  end(): void {
    this.#ended = true;
    this.#waiting?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Output> {
    for (;;) {
      const piece = this.#pieces.shift();
      if (piece) {
        this.#taken(piece.data.length);
        yield piece;
      } else if (this.#ended) {
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#waiting = resolve;
        });
        this.#waiting = undefined;
      }
    }
  }

  #taken(bytes: number): void {
    this.#bytes -= bytes;
    if (this.#paused && this.#bytes < bound / 2) {
      this.#paused = false;
      this.#pressure?.resume();
    }
  }
}
