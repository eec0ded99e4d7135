import { Reader, toInt, type WireValue } from './protobuf-wire.ts';

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
