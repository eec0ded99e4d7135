export type WireValue = bigint | Buffer;

/** Protobuf's wire format: tags, varints and length-delimited bytes. @throws Error when it ends too early. */
export class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** All values by field number, in order. */
  fields(): Map<number, WireValue[]> {
    const fields = new Map<number, WireValue[]>();
    while (this.#at < this.#bytes.length) {
      const tag = Number(this.#varint());
      const value = this.#value(tag & 7);
      const values = fields.get(tag >> 3);
      if (values) values.push(value);
      else fields.set(tag >> 3, [value]);
    }
    return fields;
  }

  varints(): bigint[] {
    const values: bigint[] = [];
    while (this.#at < this.#bytes.length) values.push(this.#varint());
    return values;
  }

  #value(wireType: number): WireValue {
    if (wireType === 0) return this.#varint();
    if (wireType === 1) return this.#take(8);
    if (wireType === 5) return this.#take(4);
    if (wireType === 2) return this.#take(Number(this.#varint()));
    throw new Error(`proto: illegal wireType ${wireType}`);
  }

  #varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw new Error('unexpected EOF');
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new Error('proto: integer overflow');
  }

  #take(length: number): Buffer {
    if (length > this.#bytes.length - this.#at) throw new Error('unexpected EOF');
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
}

/** Varints are two's complement on 64 bits. */
export function toInt(value: WireValue | undefined): number {
  return Number(BigInt.asIntN(64, (value as bigint | undefined) ?? 0n));
}
