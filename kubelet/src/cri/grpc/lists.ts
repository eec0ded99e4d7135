import { BinaryReader } from '@bufbuild/protobuf/wire';
import type { Method } from './client.ts';
import type { MessageFns } from './codec/cri.ts';

/** What of an entry changes, and where it stands in its message. */
interface Entry<Message> {
  readonly type: MessageFns<Message>;
  /** Number of the field with the state. */
  readonly stateField: number;
}

type Known<Value> = Map<string, { readonly state: number; readonly value: Value }>;

/**
 * Reads the runtime's lists, which come every second and are nearly always the same: of an entry only the state ever changes, so one that
 * is known by its id and has the state it had is not read again. Entries keep their identity meanwhile.
 */
export class ListReader<Message, Value> {
  readonly #entry: Entry<Message>;
  readonly #value: (message: Message) => Value;
  #known: Known<Value> = new Map();

  constructor(entry: Entry<Message>, value: (message: Message) => Value) {
    this.#entry = entry;
    this.#value = value;
  }

  /** The method, answered with values. All of its answer is in repeated field 1. */
  method<Request>({ name, requestType }: Method<Request, unknown>): Method<Request, readonly Value[]> {
    return { name, requestType, responseType: { decode: (input) => this.read(input as Uint8Array) } };
  }

  read(bytes: Uint8Array): readonly Value[] {
    const reader = new BinaryReader(bytes);
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const present: Known<Value> = new Map();
    while (reader.pos < reader.len) {
      const tag = reader.uint32();
      if (tag !== 10) reader.skip(tag & 7);
      else this.#readEntry(reader, buffer, present);
    }
    this.#known = present;
    return Array.from(present.values(), ({ value }) => value);
  }

  #readEntry(reader: BinaryReader, buffer: Buffer, present: Known<Value>): void {
    const length = reader.uint32();
    const start = reader.pos;
    let [id, state] = ['', 0];
    while (reader.pos < start + length) {
      const tag = reader.uint32();
      if (tag === 10) {
        const end = reader.uint32() + reader.pos;
        id = buffer.toString('latin1', reader.pos, end);
        reader.pos = end;
      } else if (tag === this.#entry.stateField << 3) state = reader.uint32();
      else reader.skip(tag & 7);
    }
    const known = this.#known.get(id);
    const read = (): Value => this.#value(this.#entry.type.decode(buffer.subarray(start, start + length)));
    present.set(id, known?.state === state ? known : { state, value: read() });
  }
}
