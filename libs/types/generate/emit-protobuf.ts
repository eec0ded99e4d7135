/** Makes the protobuf field tables: numbers from the catalogue, types from the schema unless the catalogue says one. */
import type { ProtobufField } from '../src/schema.ts';
import type { Catalogue, MessageField } from './catalogue.ts';
import type { Field, Model, Shape } from './model.ts';

type Label = ProtobufField[2];

const scalars: ReadonlySet<string> = new Set(['string', 'bool', 'int32', 'int64', 'double', 'bytes']);

export function emitProtobuf(model: Model, catalogue: Catalogue): Record<string, { fields: ProtobufField[] }> {
  return Object.fromEntries(
    [...catalogue.messages].map(([typeName, fields]) => [typeName, { fields: fields.map((f) => emitField(model, typeName, f)) }]),
  );
}

function emitField(model: Model, message: string, { number, name, type }: MessageField): ProtobufField {
  if (type !== undefined) return [number, name, ...written(message, type)];
  const field = model.get(message)?.fields.find((f) => f.name === name);
  if (!field) throw new Error(`protobuf: neither the schema nor the catalogue tells the type of ${message}.${name}`);
  return [number, name, ...derived(field.shape, field)];
}

/** `Verbs`, `[]string`, `<ExtraValue>`, relative to the message's package. */
function written(message: string, type: string): [Label, string] {
  const bare = type.replaceAll(/[[\]<>]/g, '');
  const scope = message.slice(0, message.lastIndexOf('.'));
  const full = scalars.has(bare) || bare.includes('.') ? bare : `${scope}.${bare}`;
  if (type.startsWith('<')) return ['map', `string,${full}`];
  return [type.startsWith('[]') ? 'rep' : 'opt', full];
}

function derived(shape: Shape, field: Field): [Label, string] {
  if (shape.is === 'list') return ['rep', scalarOrRef(shape.of, field)];
  if (shape.is === 'map') return ['map', `string,${scalarOrRef(shape.of, field)}`];
  return ['opt', scalarOrRef(shape, field)];
}

function scalarOrRef(shape: Shape, field: Field): string {
  switch (shape.is) {
    case 'ref':
      return shape.to;
    case 'string':
      return field.format === 'byte' ? 'bytes' : 'string';
    case 'boolean':
      return 'bool';
    case 'number':
      return shape.format;
    default:
      throw new Error(`protobuf: the type of ${field.name} must be written in the catalogue`);
  }
}
