/** Makes the schemas and, apart from them, the descriptions. */
import type { Schema } from '../src/schema.ts';
import type { Catalogue, MergeRule } from './catalogue.ts';
import type { Field, Model, Shape, TypeModel } from './model.ts';
import { specials } from './special.ts';

export function emitSchemas(model: Model, catalogue: Catalogue): Record<string, Schema> {
  return Object.fromEntries([...model].map(([typeName, type]) => [typeName, schemaOf(type, catalogue)]));
}

export function emitDescriptions(model: Model): Record<string, Record<string, string>> {
  return Object.fromEntries(
    [...model].map(([typeName, type]) => {
      const texts = [['', type.description], ...type.fields.map((f) => [f.name, f.description])];
      return [typeName, Object.fromEntries(texts.filter(([, text]) => text !== ''))];
    }),
  );
}

function schemaOf(type: TypeModel, catalogue: Catalogue): Schema {
  const special = specials[type.typeName];
  if (special) return special.schema;
  const required = type.fields.filter((f) => f.required).map((f) => f.name);
  const properties = type.fields.map((f) => [f.name, propertyOf(type, f, catalogue)] as const);
  return {
    type: 'object',
    ...(required.length > 0 && { required }),
    ...(properties.length > 0 && { properties: Object.fromEntries(properties) }),
    ...extensionsOf(catalogue.merge.get(type.typeName)),
    ...(type.gvk && { 'x-kubernetes-group-version-kind': [type.gvk] }),
  };
}

function propertyOf(type: TypeModel, field: Field, catalogue: Catalogue): Schema {
  const path = `${type.typeName}.${field.name}`;
  const value = catalogue.defaults.get(path);
  return {
    ...shapeSchema(field.shape, field),
    ...(value !== undefined && { default: value }),
    ...extensionsOf(catalogue.merge.get(path)),
  };
}

function shapeSchema(shape: Shape, field: Field): Schema {
  switch (shape.is) {
    case 'any':
      return { 'x-kubernetes-preserve-unknown-fields': true };
    case 'boolean':
      return { type: 'boolean' };
    case 'string':
      return { type: 'string', ...(field.format && { format: field.format }), ...(field.values.length > 0 && { enum: [...field.values] }) };
    case 'number':
      return { type: shape.format.startsWith('int') ? 'integer' : 'number', ...(shape.format && { format: shape.format }) };
    case 'ref':
      return { $ref: shape.to };
    case 'list':
      return { type: 'array', items: shapeSchema(shape.of, field) };
    case 'map':
      return { type: 'object', additionalProperties: shapeSchema(shape.of, field) };
  }
}

function extensionsOf(rule: MergeRule | undefined): Schema {
  if (!rule) return {};
  return {
    ...(rule.listType && { 'x-kubernetes-list-type': rule.listType }),
    ...(rule.keys && { 'x-kubernetes-list-map-keys': [...rule.keys] }),
    ...(rule.mapType && { 'x-kubernetes-map-type': rule.mapType }),
    ...(rule.patchStrategy && { 'x-kubernetes-patch-strategy': rule.patchStrategy }),
    ...(rule.patchMergeKey && { 'x-kubernetes-patch-merge-key': rule.patchMergeKey }),
  };
}
