/** A Swagger 2.0 document. */
export interface SwaggerDocument {
  readonly swagger: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, object>>;
  readonly parameters: Readonly<Record<string, object>>;
  readonly definitions: Readonly<Record<string, SwaggerSchema>>;
}

export interface SwaggerSchema {
  readonly $ref?: string;
  readonly format?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly required?: readonly string[];
  readonly type?: string;
  readonly items?: SwaggerSchema;
  readonly allOf?: readonly SwaggerSchema[];
  readonly properties?: Readonly<Record<string, SwaggerSchema>>;
  readonly additionalProperties?: SwaggerSchema | boolean;
  readonly [extension: `x-${string}`]: unknown;
}

/**
 * The document in gnostic's protobuf form, `application/com.github.proto-openapi.spec.v2@v1.0+protobuf`, which kubectl asks for when it
 * validates by itself: of the document, the definitions, which is all it reads. Field numbers are those of `openapi.v2` as clients carry them.
 */
export function encodeSwagger({ swagger, info, definitions }: SwaggerDocument): Buffer {
  const all = Object.entries(definitions).map(([name, schema]) => message(1, namedSchema(name, schema)));
  return Buffer.concat([text(1, swagger), message(2, [text(1, info.title), text(2, info.version)]), message(8, []), message(9, all)]);
}

function namedSchema(name: string, schema: SwaggerSchema): Buffer[] {
  return [text(1, name), message(2, schemaFields(schema))];
}

function schemaFields(schema: SwaggerSchema): Buffer[] {
  const { $ref, format, description, required, type, items, allOf, properties, additionalProperties: additional } = schema;
  const fields: Buffer[] = [];
  if ($ref) fields.push(text(1, $ref));
  if (format) fields.push(text(2, format));
  if (description) fields.push(text(4, description));
  if (schema.default !== undefined) fields.push(message(5, [text(2, JSON.stringify(schema.default))]));
  for (const name of required ?? []) fields.push(text(19, name));
  if (typeof additional === 'object') fields.push(message(21, [message(1, schemaFields(additional))]));
  if (type) fields.push(message(22, [text(1, type)]));
  if (items) fields.push(message(23, [message(1, schemaFields(items))]));
  for (const one of allOf ?? []) fields.push(message(24, schemaFields(one)));
  if (properties)
    fields.push(
      message(
        25,
        Object.entries(properties).map(([name, one]) => message(1, namedSchema(name, one))),
      ),
    );
  for (const [name, value] of Object.entries(schema)) {
    if (name.startsWith('x-')) fields.push(message(31, [text(1, name), message(2, [text(2, JSON.stringify(value))])]));
  }
  return fields;
}

function text(field: number, value: string): Buffer {
  return delimited(field, Buffer.from(value));
}

function message(field: number, parts: readonly Buffer[]): Buffer {
  return delimited(field, Buffer.concat(parts));
}

function delimited(field: number, bytes: Buffer): Buffer {
  return Buffer.concat([varint((field << 3) | 2), varint(bytes.length), bytes]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  return Buffer.from([...bytes, rest]);
}
