import { loadProtobuf, type ProtobufField, type ProtobufMessages } from '@keelson/types/schemas';
import type { ListHead, WatchEventType } from '../../registry/wire.ts';
import { isStringList, magic, messageFor } from './protobuf.ts';
import { specialWrites } from './protobuf-special.ts';
import { Writer } from './protobuf-wire.ts';

export const protobufType = 'application/vnd.kubernetes.protobuf';

/** Writes the content of a message, from its end, whose JSON form is `value`. */
type WriteMessage = (out: Writer, value: unknown) => void;
type Members = Readonly<Record<string, unknown>>;

interface TypeMeta {
  /** Absent where the core group's discovery leaves it out, as upstream's does. */
  readonly apiVersion?: string;
  readonly kind: string;
}

/** Items of a list that are copied in one turn of the event loop: a few milliseconds' worth. To write one for the first time costs more. */
const inOneTurn = 2_000;
const firstTime = 20;

/** What was made of an object: its whole answer, and in it its own message, which lists hold. */
interface Written {
  readonly whole: Buffer;
  readonly message: Buffer;
}

let loaded: Promise<ProtobufEncoder> | undefined;

/** The encoder, loaded with the first request that wants it. */
export function protobufEncoder(): Promise<ProtobufEncoder> {
  loaded ??= loadProtobuf().then((messages) => new ProtobufEncoder({ ...messages, ...older(messages) }));
  return loaded;
}

/** Of `meta.k8s.io/v1beta1`, where the members of the list have each other's numbers. */
function older(messages: ProtobufMessages): ProtobufMessages {
  const fieldsOf = (kind: string): readonly ProtobufField[] => messages[`meta.v1.${kind}`]?.fields ?? [];
  const swapped = fieldsOf('PartialObjectMetadataList').map(([number, ...rest]): ProtobufField => [3 - number, ...rest]);
  return {
    'meta.v1beta1.PartialObjectMetadata': { fields: fieldsOf('PartialObjectMetadata') },
    'meta.v1beta1.PartialObjectMetadataList': { fields: swapped },
  };
}

/**
 * Turns the JSON form of built-in kinds into Kubernetes protobuf. How a type is written is put together from the field tables when it is
 * first met. Absent members stay absent: Go's decoder fills in the zeroes that Go's encoder would write.
 */
export class ProtobufEncoder {
  readonly #messages: ProtobufMessages;
  readonly #types = new Map<string, WriteMessage>();
  readonly #out = new Writer();
  /** What was made for lists and watches, by the JSON it was made of and as long as that is kept: the cache keeps what is present. */
  readonly #written = new WeakMap<Buffer, Written>();

  constructor(messages: ProtobufMessages) {
    this.#messages = messages;
  }

  /** A whole answer: Kubernetes' four bytes, then `runtime.Unknown`. @param json of an object with `apiVersion` and `kind`. */
  object(json: Buffer): Buffer {
    return (this.#written.get(json) ?? this.#write(json)).whole;
  }

  /** As `object`, of a list of whole objects' JSON. One item at a time is parsed, and others get their turn between some and the next. */
  async list(head: ListHead, items: readonly Buffer[]): Promise<Buffer> {
    const { kind, apiVersion, ...metadata } = head;
    const write = this.#typeOf(head);
    const number = this.#messages[messageFor(apiVersion, kind)]?.fields.find(([, name]) => name === 'items')?.[0] ?? 0;
    const out = new Writer();
    const end = begin(out);
    let spent = 0;
    for (const item of items.toReversed()) {
      spent += this.#written.has(item) ? 1 : firstTime;
      if (spent > inOneTurn) {
        await new Promise(setImmediate);
        spent = 0;
      }
      out.bytes(number, this.#once(item).message);
    }
    write(out, { metadata });
    return seal(out, end, { kind, apiVersion });
  }

  /** One frame of a watch stream: its length on four bytes, then `meta.v1.WatchEvent`, which holds the object's whole answer. */
  event(type: WatchEventType, json: Buffer): Buffer {
    const out = this.#out;
    out.bytes(1, this.#once(json).whole);
    out.close(2, 0);
    out.text(1, type);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(out.length);
    out.raw(length);
    return out.take();
  }

  #once(json: Buffer): Written {
    const known = this.#written.get(json);
    if (known) return known;
    const made = this.#write(json);
    this.#written.set(json, made);
    return made;
  }

  #write(json: Buffer): Written {
    const value = JSON.parse(json.toString()) as TypeMeta;
    const out = this.#out;
    try {
      const end = begin(out);
      this.#typeOf(value)(out, value);
      const size = out.length - end;
      const whole = seal(out, end, value);
      return { whole, message: whole.subarray(whole.length - end - size, whole.length - end) };
    } finally {
      out.reset();
    }
  }

  #typeOf({ apiVersion = '', kind }: TypeMeta): WriteMessage {
    const message = messageFor(apiVersion, kind);
    if (!this.#messages[message]) throw new Error(`no protobuf for ${kind} of ${apiVersion}`);
    return this.#type(message);
  }

  #type(name: string): WriteMessage {
    const known = this.#types.get(name);
    if (known) return known;
    const made = this.#made(name);
    this.#types.set(name, made);
    return made;
  }

  #made(name: string): WriteMessage {
    const special = specialWrites[name];
    if (special) {
      const schema = (out: Writer, number: number, value: unknown): void =>
        this.#message(out, number, 'apiextensions.v1.JSONSchemaProps', value);
      return (out, value) => special(out, value, schema);
    }
    if (isStringList(this.#messages, name)) return (out, value) => backwards(value, (item) => out.text(1, String(item)));
    const fields = (this.#messages[name]?.fields ?? []).map((field) => this.#field(field)).reverse();
    return (out, value) => {
      const members = (value ?? {}) as Members;
      for (const write of fields) write(out, members);
    };
  }

  #field([number, name, label, type]: ProtobufField): (out: Writer, members: Members) => void {
    if (label === 'map') return this.#map(number, name, type.slice(type.indexOf(',') + 1));
    const write = this.#value(number, type);
    // The members of an embedded message are the parent's own.
    if (name === '') return write;
    if (label === 'rep') return (out, { [name]: list }) => backwards(list, (item) => write(out, item));
    return (out, { [name]: value }) => {
      if (value !== undefined && value !== null) write(out, value);
    };
  }

  #map(number: number, name: string, type: string): (out: Writer, members: Members) => void {
    const write = this.#value(2, type);
    return (out, { [name]: map }) =>
      backwards(Object.entries(map ?? {}), ([key, value]: [string, unknown]) => {
        const end = out.length;
        write(out, value);
        out.text(1, key);
        out.close(number, end);
      });
  }

  #value(number: number, type: string): WriteMessage {
    switch (type) {
      case 'string':
        return (out, value) => out.text(number, String(value ?? ''));
      case 'bytes':
        return (out, value) => out.bytes(number, Buffer.from(String(value ?? ''), 'base64'));
      case 'bool':
        return (out, value) => out.int(number, value === true ? 1 : 0);
      case 'int32':
      case 'int64':
        return (out, value) => out.int(number, integer(value));
      case 'double':
        return (out, value) => out.double(number, Number(value));
      default:
        return (out, value) => this.#message(out, number, type, value);
    }
  }

  /** A nested one. Types may hold themselves: each is put together when the first of its values is written. */
  #message(out: Writer, number: number, type: string, value: unknown): void {
    const end = out.length;
    this.#type(type)(out, value);
    out.close(number, end);
  }
}

/** What is none in the store, where another hand wrote it, is zero: it must not keep the others from being read. */
function integer(value: unknown): number {
  const whole = Math.trunc(Number(value));
  return Number.isFinite(whole) ? whole : 0;
}

function backwards<T>(list: unknown, visit: (item: T) => void): void {
  if (Array.isArray(list)) for (let i = list.length - 1; i >= 0; i--) visit(list[i] as T);
}

/** The end of `runtime.Unknown`: no content encoding, no content type. @returns where the object ends. */
function begin(out: Writer): number {
  out.text(4, '');
  out.text(3, '');
  return out.length;
}

/** What goes before an object that was written since `end`. @returns all of it. */
function seal(out: Writer, end: number, { apiVersion = '', kind }: TypeMeta): Buffer {
  out.close(2, end);
  const raw = out.length;
  out.text(2, kind);
  out.text(1, apiVersion);
  out.close(1, raw);
  out.raw(magic);
  return out.take();
}
