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

const spareSize = 64 * 1024;
const mostSpare = 1024 * 1024;

/** Writes the wire format from its end to its start: what a head must tell the length of is there already when the head is written. */
export class Writer {
  #bytes = Buffer.allocUnsafeSlow(spareSize);
  #at = spareSize;

  /** Of what is written so far, in bytes. */
  get length(): number {
    return this.#bytes.length - this.#at;
  }

  /** What was written, in memory of its own; the writer is empty again. */
  take(): Buffer {
    const taken = Buffer.allocUnsafeSlow(this.length);
    this.#bytes.copy(taken, 0, this.#at);
    this.reset();
    return taken;
  }

  reset(): void {
    if (this.#bytes.length > mostSpare) this.#bytes = Buffer.allocUnsafeSlow(spareSize);
    this.#at = this.#bytes.length;
  }

  raw(bytes: Buffer): void {
    this.#need(bytes.length);
    this.#at -= bytes.length;
    bytes.copy(this.#bytes, this.#at);
  }

  /** An integer field. */
  int(number: number, value: number): void {
    this.#varint(value);
    this.#varint(number * 8);
  }

  double(number: number, value: number): void {
    this.#need(8);
    this.#at -= 8;
    this.#bytes.writeDoubleLE(value, this.#at);
    this.#varint(number * 8 + 1);
  }

  text(number: number, value: string): void {
    const size = Buffer.byteLength(value);
    this.#need(size);
    this.#at -= size;
    this.#bytes.write(value, this.#at, size);
    this.#head(number, size);
  }

  bytes(number: number, value: Buffer): void {
    this.raw(value);
    this.#head(number, value.length);
  }

  /** Makes a field of what was written since `length` was `from`. */
  close(number: number, from: number): void {
    this.#head(number, this.length - from);
  }

  #head(number: number, size: number): void {
    this.#varint(size);
    this.#varint(number * 8 + 2);
  }

  /** Negative ones are two's complement on 64 bits. */
  #varint(value: number): void {
    let rest = value < 0 ? BigInt.asUintN(64, BigInt(value)) : value;
    const size = varintSize(value);
    this.#need(size);
    this.#at -= size;
    for (let i = 0; i < size; i++) {
      const more = i < size - 1 ? 0x80 : 0;
      this.#bytes[this.#at + i] = Number(typeof rest === 'bigint' ? rest & 0x7fn : rest % 0x80) | more;
      rest = typeof rest === 'bigint' ? rest >> 7n : Math.floor(rest / 0x80);
    }
  }

  #need(size: number): void {
    if (size <= this.#at) return;
    const wider = Buffer.allocUnsafeSlow(2 * this.#bytes.length + size);
    const at = wider.length - this.length;
    this.#bytes.copy(wider, at, this.#at);
    this.#bytes = wider;
    this.#at = at;
  }
}

function varintSize(value: number): number {
  if (value < 0) return 10;
  let size = 1;
  for (let rest = value; rest >= 0x80; rest /= 0x80) size++;
  return size;
}
