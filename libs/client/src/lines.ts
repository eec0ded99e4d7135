const newline = 0x0a;

/**
 * Cuts a stream of bytes into lines. Each byte is looked at once and a line is decoded once, however many chunks it came in.
 */
export class LineSplitter {
  #parts: Buffer[] = [];

  /** The lines that end in `chunk`, without their newlines. */
  *push(chunk: Buffer): Generator<string> {
    let start = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      yield this.#take(chunk, start, end);
      start = end + 1;
    }
    if (start < chunk.length) this.#parts.push(start === 0 ? chunk : chunk.subarray(start));
  }

  /** What came after the last newline; empty when the stream ended cleanly. */
  rest(): string {
    const text = Buffer.concat(this.#parts).toString();
    this.#parts = [];
    return text;
  }

  #take(chunk: Buffer, start: number, end: number): string {
    if (this.#parts.length === 0) return chunk.toString('utf8', start, end);
    this.#parts.push(chunk.subarray(start, end));
    return this.rest();
  }
}
