import { Reader, toInt, type WireValue, type Writer } from './protobuf-wire.ts';

/** Reads a nested message of that type into its JSON form. */
type ReadMessage = (message: string, bytes: Buffer) => unknown;

const schemaProps = 'apiextensions.v1.JSONSchemaProps';

/** Messages whose JSON form is not the message's own. */
export const special: Readonly<Record<string, (bytes: Buffer, read: ReadMessage) => unknown>> = {
  'meta.v1.Time': (bytes) => formatTime(bytes, 0),
  'meta.v1.MicroTime': (bytes) => formatTime(bytes, 6),
  'meta.v1.Duration': (bytes) => `${Number(first(bytes, 1) ?? 0) / 1e9}s`,
  'api.resource.Quantity': (bytes) => String(first(bytes, 1) ?? '0'),
  'util.intstr.IntOrString': (bytes) => {
    const fields = new Reader(bytes).fields();
    return Number(fields.get(1)?.[0] ?? 0) === 1 ? String(fields.get(3)?.[0] ?? '') : toInt(fields.get(2)?.[0]);
  },
  'meta.v1.FieldsV1': rawJson,
  'runtime.RawExtension': rawJson,
  'apiextensions.v1.JSON': rawJson,
  'apiextensions.v1.JSONSchemaPropsOrBool': (bytes, read) => {
    const schema = first(bytes, 2);
    return schema === undefined ? first(bytes, 1) === 1n : read(schemaProps, schema as Buffer);
  },
  'apiextensions.v1.JSONSchemaPropsOrArray': (bytes, read) =>
    eitherOr(bytes, read, (items) => items.map((item) => read(schemaProps, item as Buffer))),
  'apiextensions.v1.JSONSchemaPropsOrStringArray': (bytes, read) => eitherOr(bytes, read, (items) => items.map(String)),
};

/** A list in field 2, else one schema in field 1. */
function eitherOr(bytes: Buffer, read: ReadMessage, list: (items: readonly WireValue[]) => unknown): unknown {
  const items = new Reader(bytes).fields().get(2);
  if (items) return list(items);
  const schema = first(bytes, 1);
  return schema === undefined ? null : read(schemaProps, schema as Buffer);
}

/** Writes a nested JSONSchemaProps as a field of that number. */
type WriteSchema = (out: Writer, number: number, value: unknown) => void;

/** The other way round: writes, from its end, the message whose JSON form is `value`. */
export const specialWrites: Readonly<Record<string, (out: Writer, value: unknown, schema: WriteSchema) => void>> = {
  'meta.v1.Time': (out, value) => writeTime(out, value, 0),
  'meta.v1.MicroTime': (out, value) => writeTime(out, value, microsOf(String(value))),
  'api.resource.Quantity': (out, value) => out.text(1, String(value)),
  'util.intstr.IntOrString': (out, value) => {
    const isInt = typeof value === 'number';
    out.text(3, isInt ? '' : String(value));
    out.int(2, isInt ? value : 0);
    out.int(1, isInt ? 0 : 1);
  },
  'meta.v1.FieldsV1': writeJson,
  'runtime.RawExtension': writeJson,
  'apiextensions.v1.JSON': writeJson,
  'apiextensions.v1.JSONSchemaPropsOrBool': (out, value, schema) => {
    if (typeof value === 'object') schema(out, 2, value);
    out.int(1, value === false ? 0 : 1);
  },
  'apiextensions.v1.JSONSchemaPropsOrArray': (out, value, schema) => {
    if (Array.isArray(value)) for (const item of value.toReversed()) schema(out, 2, item);
    else schema(out, 1, value);
  },
  'apiextensions.v1.JSONSchemaPropsOrStringArray': (out, value, schema) => {
    if (Array.isArray(value)) for (const item of value.toReversed()) out.text(2, String(item));
    else schema(out, 1, value);
  },
};

function writeJson(out: Writer, value: unknown): void {
  out.text(1, JSON.stringify(value));
}

/** A time that says nothing has no content. */
function writeTime(out: Writer, value: unknown, micros: number): void {
  if (value === null) return;
  out.int(2, micros * 1000);
  out.int(1, Math.floor(Date.parse(String(value)) / 1000) || 0);
}

/** Of a second; `Date` knows no more than milliseconds. */
function microsOf(time: string): number {
  return Number((/\.(\d{1,6})/.exec(time)?.[1] ?? '').padEnd(6, '0'));
}

function first(bytes: Buffer, number: number): WireValue | undefined {
  return new Reader(bytes).fields().get(number)?.[0];
}

function rawJson(bytes: Buffer): unknown {
  return JSON.parse(String(first(bytes, 1) ?? 'null'));
}

function formatTime(bytes: Buffer, digits: number): string | null {
  const fields = new Reader(bytes).fields();
  const seconds = toInt(fields.get(1)?.[0]);
  if (!fields.has(1)) return null;
  const base = new Date(seconds * 1000).toISOString().slice(0, 19);
  return digits === 0 ? `${base}Z` : `${base}.${String(Math.floor(toInt(fields.get(2)?.[0]) / 1000)).padStart(6, '0')}Z`;
}
