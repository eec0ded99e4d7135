import { badRequest } from '@keelson/machinery';
import { type ProtobufField as Field, loadProtobuf, type ProtobufMessages, type Schemas } from '@keelson/types/schemas';
import { meaningfulZeroes } from './protobuf-zeroes.ts';

/** Kubernetes' envelope: four bytes, then `runtime.Unknown` {1: TypeMeta {1: apiVersion, 2: kind}, 2: raw, …}. */
const magic = Buffer.from([0x6b, 0x38, 0x73, 0x00]);

/** Reads a protobuf request body into the JSON form of the object. @throws StatusError BadRequest when it is none. */
export async function decodeProtobuf(body: Buffer, schemas: Schemas): Promise<unknown> {
  if (!body.subarray(0, 4).equals(magic))
    throw badRequest('provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]');
  const tables = { messages: await loadProtobuf(), schemas };
  try {
    const envelope = new Reader(body.subarray(4)).fields();
    const typeMeta = new Reader(envelope.get(1)?.[0] as Buffer).fields();
    const apiVersion = String(typeMeta.get(1)?.[0] ?? '');
    const kind = String(typeMeta.get(2)?.[0] ?? '');
    const message = messageFor(apiVersion, kind);
    if (!tables.messages[message]) throw new Error(`no kind "${kind}" is registered for version "${apiVersion}"`);
    const raw = (envelope.get(2)?.[0] as Buffer | undefined) ?? Buffer.alloc(0);
    return { ...(decodeMessage(tables, message, raw) as object), kind, apiVersion };
  } catch (error) {
    throw badRequest(`the object provided is unrecognized: ${(error as Error).message}`);
  }
}

interface Tables {
  readonly messages: ProtobufMessages;
  readonly schemas: Schemas;
}

const metaKinds = new Set([
  'DeleteOptions',
  'CreateOptions',
  'UpdateOptions',
  'PatchOptions',
  'ListOptions',
  'GetOptions',
  'Status',
  'WatchEvent',
]);

/** `apps/v1 Deployment` → `apps.v1.Deployment`: the first label of the group names the package. */
function messageFor(apiVersion: string, kind: string): string {
  if (metaKinds.has(kind)) return `meta.v1.${kind}`;
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['core', apiVersion];
  return `${(group as string).split('.')[0]}.${version}.${kind}`;
}

/** Messages whose JSON form is not the message's own. */
const special: Readonly<Record<string, (bytes: Buffer) => unknown>> = {
  'meta.v1.Time': (bytes) => formatTime(bytes, 0),
  'meta.v1.MicroTime': (bytes) => formatTime(bytes, 6),
  'meta.v1.Duration': (bytes) => `${Number(new Reader(bytes).fields().get(1)?.[0] ?? 0) / 1e9}s`,
  'api.resource.Quantity': (bytes) => String(new Reader(bytes).fields().get(1)?.[0] ?? '0'),
  'util.intstr.IntOrString': (bytes) => {
    const fields = new Reader(bytes).fields();
    return Number(fields.get(1)?.[0] ?? 0) === 1 ? String(fields.get(3)?.[0] ?? '') : toInt(fields.get(2)?.[0]);
  },
  'meta.v1.FieldsV1': rawJson,
  'runtime.RawExtension': rawJson,
  'apiextensions.v1.JSON': rawJson,
};

function rawJson(bytes: Buffer): unknown {
  return JSON.parse(String(new Reader(bytes).fields().get(1)?.[0] ?? 'null'));
}

function formatTime(bytes: Buffer, digits: number): string | null {
  const fields = new Reader(bytes).fields();
  const seconds = toInt(fields.get(1)?.[0]);
  if (!fields.has(1)) return null;
  const base = new Date(seconds * 1000).toISOString().slice(0, 19);
  return digits === 0 ? `${base}Z` : `${base}.${String(Math.floor(toInt(fields.get(2)?.[0]) / 1000)).padStart(6, '0')}Z`;
}

function decodeMessage(tables: Tables, message: string, bytes: Buffer): unknown {
  const read = special[message];
  if (read) return read(bytes);
  if (isStringList(tables, message)) return (new Reader(bytes).fields().get(1) ?? []).map(String);
  const known = new Map(tables.messages[message]?.fields.map((field) => [field[0], field]));
  const required = tables.schemas[message]?.required ?? [];
  const object: Record<string, unknown> = {};
  for (const [number, values] of new Reader(bytes).fields()) {
    const field = known.get(number);
    if (field) addField(tables, object, field, values, required.includes(field[1]));
  }
  return object;
}

function addField(
  tables: Tables,
  object: Record<string, unknown>,
  [, name, label, type]: Field,
  values: readonly WireValue[],
  required: boolean,
): void {
  if (label === 'map') {
    const valueType = type.slice(type.indexOf(',') + 1);
    const entries = values.map((value) => {
      const pair = new Reader(value as Buffer).fields();
      return [String(pair.get(1)?.[0] ?? ''), decodeValue(tables, valueType, pair.get(2)?.[0] ?? Buffer.alloc(0))];
    });
    object[name] = Object.fromEntries(entries);
  } else if (name === '') {
    Object.assign(object, decodeMessage(tables, type, values.at(-1) as Buffer));
  } else if (label === 'rep') {
    object[name] = values.flatMap((value) => decodeRepeated(tables, type, value));
  } else {
    const decoded = decodeValue(tables, type, values.at(-1) as WireValue);
    const zero = decoded === '' || decoded === 0 || decoded === false;
    if (decoded !== null && (!zero || required || meaningfulZeroes.has(name))) object[name] = decoded;
  }
}

/** `ExtraValue`, `Verbs`: lists in JSON, messages with `items` on the wire. */
function isStringList(tables: Tables, message: string): boolean {
  const fields = tables.messages[message]?.fields;
  return fields?.length === 1 && fields[0]?.[1] === 'items' && fields[0][3] === 'string';
}

/** Repeated numbers may come packed into one value. */
function decodeRepeated(tables: Tables, type: string, value: WireValue): unknown[] {
  if (Buffer.isBuffer(value) && /^(int|uint)(32|64)$/.test(type)) return new Reader(value).varints().map(toInt);
  return [decodeValue(tables, type, value)];
}

function decodeValue(tables: Tables, type: string, value: WireValue): unknown {
  switch (type) {
    case 'string':
      return value.toString();
    case 'bytes':
      return (value as Buffer).toString('base64');
    case 'bool':
      return value !== 0n;
    case 'int32':
    case 'int64':
    case 'uint32':
    case 'uint64':
      return toInt(value);
    case 'double':
      return (value as Buffer).readDoubleLE();
    default:
      return decodeMessage(tables, type, value as Buffer);
  }
}

/** Varints are two's complement on 64 bits. */
function toInt(value: WireValue | undefined): number {
  return Number(BigInt.asIntN(64, (value as bigint | undefined) ?? 0n));
}

type WireValue = bigint | Buffer;

/** Protobuf's wire format: tags, varints and length-delimited bytes. */
class Reader {
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
