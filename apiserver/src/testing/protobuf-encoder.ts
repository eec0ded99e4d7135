import type { ProtobufField, ProtobufMessages, Schemas } from '@keelson/types/schemas';
import { zeroSays } from '../http/protobuf/protobuf-zeroes.ts';

type Members = Readonly<Record<string, unknown>>;

/** Writes objects as Go clients do. Knows nothing of the decoder that it tests. */
export class Encoder {
  readonly #schemas: Schemas;
  readonly #messages: ProtobufMessages;
  #zeroes = false;

  constructor(schemas: Schemas, messages: ProtobufMessages) {
    this.#schemas = schemas;
    this.#messages = messages;
  }

  /** A request body: Kubernetes' four bytes and `runtime.Unknown`. With `zeroes`, absent values are written as Go writes them. */
  envelope(typeName: string, object: Members, { zeroes = false } = {}): Buffer {
    this.#zeroes = zeroes;
    const typeMeta = Buffer.concat([bytes(1, Buffer.from(String(object.apiVersion))), bytes(2, Buffer.from(String(object.kind)))]);
    const raw = this.#message(typeName, object);
    return Buffer.concat([Buffer.from('k8s\0'), bytes(1, typeMeta), bytes(2, raw), bytes(3, Buffer.alloc(0)), bytes(4, Buffer.alloc(0))]);
  }

  #message(typeName: string, value: unknown): Buffer {
    const special = specials[typeName];
    if (special) return special(value, (schema) => this.#message('apiextensions.v1.JSONSchemaProps', schema));
    const fields = this.#messages[typeName]?.fields ?? [];
    if (Array.isArray(value)) return Buffer.concat(value.map((item) => bytes(1, Buffer.from(String(item)))));
    return Buffer.concat(fields.map((field) => this.#field(typeName, field, value as Members)));
  }

  #field(typeName: string, [number, name, label, type]: ProtobufField, members: Members): Buffer {
    if (name === '') return bytes(number, this.#message(type, members));
    const value = members[name];
    if (value === undefined) return this.#absent(typeName, name, number, label === 'opt' ? type : '');
    if (label === 'rep') return Buffer.concat((value as unknown[]).map((item) => this.#value(number, type, item)));
    if (label !== 'map') return this.#value(number, type, value);
    const inner = type.slice('string,'.length);
    const entries = Object.entries(value as object).map(([key, item]) =>
      bytes(number, Buffer.concat([bytes(1, Buffer.from(key)), this.#value(2, inner, item)])),
    );
    return Buffer.concat(entries);
  }

  /** Go writes the zero of whatever is no pointer. */
  #absent(typeName: string, name: string, number: number, type: string): Buffer {
    const needed = this.#schemas[typeName]?.required?.includes(name);
    if (!this.#zeroes || needed || zeroSays(typeName, name)) return Buffer.alloc(0);
    if (type === 'string') return bytes(number, Buffer.alloc(0));
    return /^(int32|int64|bool)$/.test(type) ? varintField(number, 0n) : Buffer.alloc(0);
  }

  #value(number: number, type: string, value: unknown): Buffer {
    if (type === 'string') return bytes(number, Buffer.from(String(value)));
    if (type === 'bytes') return bytes(number, Buffer.from(String(value), 'base64'));
    if (type === 'bool') return varintField(number, value ? 1n : 0n);
    if (type === 'double') return double(number, value as number);
    if (type === 'int32' || type === 'int64') return varintField(number, BigInt(value as number));
    return bytes(number, this.#message(type, value));
  }
}

/** Messages whose JSON is not an object of their own members. */
const specials: Readonly<Record<string, (value: unknown, schema: (value: unknown) => Buffer) => Buffer>> = {
  'meta.v1.Time': instant,
  'meta.v1.MicroTime': instant,
  'api.resource.Quantity': (value) => bytes(1, Buffer.from(String(value))),
  'util.intstr.IntOrString': (value) =>
    typeof value === 'number'
      ? Buffer.concat([varintField(1, 0n), varintField(2, BigInt(value)), bytes(3, Buffer.alloc(0))])
      : Buffer.concat([varintField(1, 1n), varintField(2, 0n), bytes(3, Buffer.from(String(value)))]),
  'meta.v1.FieldsV1': json,
  'runtime.RawExtension': json,
  'apiextensions.v1.JSON': json,
  'apiextensions.v1.JSONSchemaPropsOrBool': (value, schema) =>
    typeof value === 'boolean' ? varintField(1, value ? 1n : 0n) : Buffer.concat([varintField(1, 1n), bytes(2, schema(value))]),
  'apiextensions.v1.JSONSchemaPropsOrArray': (value, schema) =>
    Array.isArray(value) ? Buffer.concat(value.map((item) => bytes(2, schema(item)))) : bytes(1, schema(value)),
  'apiextensions.v1.JSONSchemaPropsOrStringArray': (value, schema) =>
    Array.isArray(value) ? Buffer.concat(value.map((item) => bytes(2, Buffer.from(String(item))))) : bytes(1, schema(value)),
};

function json(value: unknown): Buffer {
  return bytes(1, Buffer.from(JSON.stringify(value)));
}

function instant(value: unknown): Buffer {
  const text = String(value);
  const micros = Number(/\.(\d{6})Z$/.exec(text)?.[1] ?? 0);
  return Buffer.concat([varintField(1, BigInt(Math.floor(Date.parse(text) / 1000))), varintField(2, BigInt(micros) * 1000n)]);
}

function double(number: number, value: number): Buffer {
  const eight = Buffer.alloc(8);
  eight.writeDoubleLE(value);
  return Buffer.concat([varint(BigInt(number * 8 + 1)), eight]);
}

function bytes(number: number, content: Buffer): Buffer {
  return Buffer.concat([varint(BigInt(number * 8 + 2)), varint(BigInt(content.length)), content]);
}

function varintField(number: number, value: bigint): Buffer {
  return Buffer.concat([varint(BigInt(number * 8)), varint(BigInt.asUintN(64, value))]);
}

function varint(value: bigint): Buffer {
  const out: number[] = [];
  for (let rest = value; ; rest >>= 7n) {
    if (rest < 128n) return Buffer.from([...out, Number(rest)]);
    out.push(Number(rest & 127n) | 128);
  }
}
