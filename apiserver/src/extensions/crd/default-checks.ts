import { copyOf, type FieldError, type FieldPath, fieldInvalid, formatFieldErrors, inOrder } from '@keelson/machinery';
import { embeddedErrors, isEmbedded } from './embedded.ts';
import { misshapen } from './metadata-shape.ts';
import { prune } from './prune.ts';
import { checkRules, hasRules } from './rules.ts';
import { type JsonMap, type Schema, somewhere } from './schema.ts';
import { validateValue } from './validate.ts';

/** The API object of which a value is a part. */
interface Whole {
  readonly schema: Schema;
  /** That object with nothing but the value in its place. */
  around(value: unknown): unknown;
  /** Whether the value is part of what tells the object's identity. */
  readonly isIdentity: boolean;
}

/** What is wrong with the defaults of a structural schema. Elements of maps are left out, as upstream leaves them. */
export function defaultErrors(schema: Schema, at: FieldPath): FieldError[] {
  const whole = { ...schema, 'x-kubernetes-embedded-resource': true };
  return nodeErrors(whole, at, wholeOf(whole));
}

function wholeOf(schema: Schema): Whole {
  return { schema, around: (value) => ({ apiVersion: 'validation/v1', kind: 'Validation', ...(value as JsonMap) }), isIdentity: false };
}

function nodeErrors(schema: Schema, at: FieldPath, outer: Whole): FieldError[] {
  const { properties = {}, items } = schema;
  const whole = isEmbedded(schema) ? wholeOf(schema) : outer;
  const memberOf = (name: string): Whole => ({
    ...whole,
    around: (value) => whole.around({ [name]: value }),
    isIdentity: whole.isIdentity || (isEmbedded(schema) && ['metadata', 'kind', 'apiVersion'].includes(name)),
  });
  return [
    ...ownErrors(schema, at.child('default'), whole),
    ...(items ? nodeErrors(items, at.child('items'), { ...whole, around: (value) => whole.around([value]) }) : []),
    ...Object.entries(properties).flatMap(([name, member]) => nodeErrors(member, at.child('properties').key(name), memberOf(name))),
  ];
}

/** A default is pruned and valid by itself: the defaults within it are not filled in before it is looked at. */
function ownErrors(schema: Schema, at: FieldPath, whole: Whole): FieldError[] {
  const { default: value } = schema;
  if (value === undefined || value === null) return [];
  // What tells an object's identity may be told in part, and is not all in the schema.
  const gone = whole.isIdentity ? [] : prune(copyOf(value), schema, isEmbedded(schema));
  const errors = gone.length > 0 ? [fieldInvalid(at, inOrder(value), 'must not have unknown fields')] : [];
  const strange = whole.isIdentity ? aroundErrors(value, at, whole) : identityErrors(value, schema, String(at));
  const found = strange.length > 0 ? strange : validateValue(value, typed(schema)).map((error) => below(error, at));
  if (found.length > 0) return [...errors, ...found];
  return hasRules(schema) ? [...errors, ...ruleErrors(value, schema, at)] : errors;
}

/** Only their types are looked at of defaults: that a value is a number or a text is upstream's to see elsewhere. */
function typed(schema: Schema): Schema {
  if (!somewhere(schema, (one) => one['x-kubernetes-int-or-string'] === true)) return schema;
  const { 'x-kubernetes-int-or-string': _, properties, items, additionalProperties: others, ...rest } = schema;
  const members = Object.entries(properties ?? {}).map(([name, member]) => [name, typed(member)] as const);
  return {
    ...rest,
    ...(properties ? { properties: Object.fromEntries(members) } : {}),
    ...(items ? { items: typed(items) } : {}),
    ...(others === undefined ? {} : { additionalProperties: typeof others === 'object' ? typed(others) : others }),
  };
}

function aroundErrors(value: unknown, at: FieldPath, whole: Whole): FieldError[] {
  const found = identityErrors(whole.around(value), whole.schema, '');
  const told = found.map((error) => ({ ...error, path: error.path.replace(/^\./, '') }));
  return told.length > 0 ? [fieldInvalid(at, inOrder(value), `must result in valid metadata: ${formatFieldErrors(told)}`)] : [];
}

function identityErrors(value: unknown, schema: Schema, path: string): FieldError[] {
  const wrong = misshapen(value, schema, path);
  return wrong ? [wrong] : embeddedErrors(value, schema, path);
}

/** Values are looked at as if they were whole objects; what is wrong with them is said of where they stand. */
function below(error: FieldError, at: FieldPath): FieldError {
  const { path } = error;
  if (path === '<nil>') return { ...error, path: String(at) };
  return { ...error, path: path.startsWith('.') ? `${at}${path}` : `${at}.${path}` };
}

/** Rules are asked of the default as of a part of an object: it is no whole one. */
function ruleErrors(value: unknown, schema: Schema, at: FieldPath): FieldError[] {
  const { errors } = checkRules({ v: value }, undefined, { type: 'object', properties: { v: schema } });
  return errors.map((error) => ({ ...error, path: error.path.replace(/^v/, () => String(at)) }));
}
