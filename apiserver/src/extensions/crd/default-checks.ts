import { copyOf, type FieldError, type FieldPath, fieldInvalid } from '@keelson/machinery';
import { embeddedErrors, isEmbedded } from './embedded.ts';
import { prune } from './prune.ts';
import { checkRules, hasRules } from './rules.ts';
import type { Schema } from './schema.ts';
import { validateValue } from './validate.ts';

/** What is wrong with the defaults of a structural schema. Elements of maps are left out, as upstream leaves them. @param identity whether it stands in metadata. */
export function defaultErrors(schema: Schema, at: FieldPath, root = true, identity = false): FieldError[] {
  const { properties = {}, items } = schema;
  const isIdentity = (name: string): boolean =>
    (identity && !isEmbedded(schema)) || ((root || isEmbedded(schema)) && ['metadata', 'kind', 'apiVersion'].includes(name));
  return [
    ...ownErrors(schema, at.child('default'), root, identity),
    ...(items ? defaultErrors(items, at.child('items'), false, identity) : []),
    ...Object.entries(properties).flatMap(([name, member]) =>
      defaultErrors(member, at.child('properties').key(name), false, isIdentity(name)),
    ),
  ];
}

/** A default is pruned and valid by itself: the defaults within it are not filled in before it is looked at. */
function ownErrors(schema: Schema, at: FieldPath, root: boolean, identity: boolean): FieldError[] {
  const { default: value } = schema;
  if (value === undefined || value === null) return [];
  const whole = root ? { ...schema, 'x-kubernetes-embedded-resource': true } : schema;
  // What tells an object's identity may be told in part, and is not all in the schema.
  const gone = identity ? [] : prune(copyOf(value), whole, isEmbedded(whole));
  const errors = gone.length > 0 ? [fieldInvalid(at, value, 'must not have unknown fields')] : [];
  const strange = embeddedErrors(value, whole, String(at));
  const found = strange.length > 0 ? strange : validateValue(value, schema).map((error) => below(error, at));
  if (found.length > 0) return [...errors, ...found];
  return hasRules(schema) ? [...errors, ...ruleErrors(value, schema, at)] : errors;
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
