/** Messages on a stream: each behind its length in two bytes. */

export function framed(message: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
}

/** Takes a stream apart, however it arrives. */
export class Frames {
  #rest: Buffer = Buffer.alloc(0);

  /** The messages that `chunk` completes. */
  add(chunk: Buffer): Buffer[] {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    const messages: Buffer[] = [];
    while (this.#rest.length >= 2 && this.#rest.length >= 2 + this.#rest.readUInt16BE()) {
      const end = 2 + this.#rest.readUInt16BE();
      messages.push(this.#rest.subarray(2, end));
      this.#rest = this.#rest.subarray(end);
    }
    return messages;
  }
}
