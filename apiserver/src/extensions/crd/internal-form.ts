import { compareStrings, inOrder } from '@keelson/machinery';
import type { CustomResourceDefinitionVersion } from '@keelson/types';
import { isMap, type JsonMap, type Schema, type ValidationRule } from './schema.ts';

/*
 * Parts of definitions as upstream shows them where they are wrong: in its own form of them, which has every member there is. Names are Go's.
 */

/** What members are when nobody says, in their order. */
type Zeroes = Readonly<Record<string, unknown>>;

/** How members are shown that are no plain values. */
type Forms = Readonly<Record<string, (value: never) => unknown>>;

function formOf(value: object, zeroes: Zeroes, forms: Forms = {}): JsonMap {
  const given = value as JsonMap;
  const shown = (name: string): unknown => {
    const one = given[name];
    if (one === undefined || one === null) return zeroes[name];
    return forms[name] ? forms[name](one as never) : inOrder(one);
  };
  return Object.fromEntries(Object.keys(zeroes).map((name) => [goName(name), shown(name)]));
}

const known: Readonly<Record<string, string>> = { id: 'ID', url: 'URL', jsonPath: 'JSONPath', openAPIV3Schema: 'OpenAPIV3Schema' };

function goName(name: string): string {
  const words = name
    .replace(/^x-kubernetes/, 'x')
    .replace('$', '')
    .split('-');
  return known[name] ?? words.map((word) => word.slice(0, 1).toUpperCase() + word.slice(1)).join('');
}

function names(text: string, zero: unknown): Zeroes {
  return Object.fromEntries(text.split(' ').map((name) => [name, zero]));
}

const schemaZeroes: Zeroes = {
  ...{ id: '', $schema: '', $ref: null, description: '', type: '', nullable: false, format: '', title: '', default: null },
  ...{ maximum: null, exclusiveMaximum: false, minimum: null, exclusiveMinimum: false, maxLength: null, minLength: null, pattern: '' },
  ...{ maxItems: null, minItems: null, uniqueItems: false },
  ...names('multipleOf enum maxProperties minProperties required items allOf oneOf anyOf not properties additionalProperties', null),
  ...names('patternProperties dependencies additionalItems definitions externalDocs example x-kubernetes-preserve-unknown-fields', null),
  ...{ 'x-kubernetes-embedded-resource': false, 'x-kubernetes-int-or-string': false },
  ...names('x-kubernetes-list-map-keys x-kubernetes-list-type x-kubernetes-map-type x-kubernetes-validations', null),
};

const several = (schemas: readonly Schema[]): unknown => schemas.map(schemaForm);
const byName = <T>(members: Readonly<Record<string, T>>, form: (one: T) => unknown): unknown =>
  Object.fromEntries(
    Object.entries(members)
      .sort(([a], [b]) => compareStrings(a, b))
      .map(([name, one]) => [name, form(one)]),
  );
const named = (schemas: Readonly<Record<string, Schema>>): unknown => byName(schemas, schemaForm);
const orBool = (value: Schema | boolean): unknown => ({ Allows: value !== false, Schema: isMap(value) ? schemaForm(value) : null });
const orNames = (value: Schema | readonly string[]): unknown =>
  isMap(value) ? { Schema: schemaForm(value), Property: null } : { Schema: null, Property: value };

const schemaForms: Forms = {
  ...{ allOf: several, oneOf: several, anyOf: several, not: schemaForm, properties: named, patternProperties: named, definitions: named },
  ...{ items: itemsForm, additionalProperties: orBool, additionalItems: orBool },
  dependencies: (value: Readonly<Record<string, Schema | readonly string[]>>) => byName(value, orNames),
  externalDocs: (value: object) => formOf(value, { description: '', url: '' }),
  'x-kubernetes-validations': (rules: readonly ValidationRule[]) => rules.map(ruleForm),
};

export function schemaForm(schema: Schema): JsonMap {
  return formOf(schema, schemaZeroes, schemaForms);
}

/** The items of a list, which should be one schema. */
export function itemsForm(items: Schema | readonly Schema[]): object {
  return Array.isArray(items) ? { Schema: null, JSONSchemas: several(items) } : { Schema: schemaForm(items as Schema), JSONSchemas: null };
}

export function ruleForm(rule: ValidationRule): object {
  return formOf(rule, { rule: '', message: '', messageExpression: '', reason: null, fieldPath: '', optionalOldSelf: null });
}

const versionForms: Forms = {
  schema: (value: object) => formOf(value, { openAPIV3Schema: null }, { openAPIV3Schema: schemaForm }),
  subresources: (value: object) => formOf(value, { status: null, scale: null }, { scale: (scale: object) => formOf(scale, scaleZeroes) }),
  additionalPrinterColumns: (columns: readonly object[]) => columns.map((column) => formOf(column, columnZeroes)),
  selectableFields: (fields: readonly object[]) => fields.map((one) => formOf(one, { jsonPath: '' })),
};

const scaleZeroes: Zeroes = { specReplicasPath: '', statusReplicasPath: '', labelSelectorPath: null };
const columnZeroes: Zeroes = { name: '', type: '', format: '', description: '', priority: 0, jsonPath: '' };

export function versionForm(version: Partial<CustomResourceDefinitionVersion>): object {
  const plain = { name: '', served: false, storage: false, deprecated: false, deprecationWarning: null };
  return formOf(version, { ...plain, ...names('schema subresources additionalPrinterColumns selectableFields', null) }, versionForms);
}
