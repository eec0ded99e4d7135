import { type FieldError, type FieldPath, fieldForbidden, fieldInvalid, fieldUnsupported } from '@keelson/machinery';
import { isEmbedded } from './embedded.ts';
import { ruleShapeErrors } from './rules-shape.ts';
import type { Schema } from './schema.ts';
import { childrenOf } from './schema-children.ts';
import { mergeErrors } from './structural-lists.ts';

/** What of the place of a schema decides what it may say. */
interface Place {
  /** Why no default may stand here. */
  readonly noDefaults?: string | undefined;
  readonly inMetadata?: boolean | undefined;
  readonly root?: boolean;
}

/** What is refused in the schemas of definitions whether they are structural or not, and in all that restrict them too. */
export function openApiErrors(schema: Schema, at: FieldPath, place: Place = { root: true }): FieldError[] {
  const below = childrenOf(schema, at).flatMap(([child, where, name]) => openApiErrors(child, where, placeOf(schema, child, place, name)));
  const preserve = 'x-kubernetes-preserve-unknown-fields';
  const loses = schema[preserve] === false ? [fieldInvalid(at.child(preserve), false, 'must be true or undefined')] : [];
  return [...ownErrors(schema, at, place), ...below, ...loses, ...mergeErrors(schema, at), ...ruleShapeErrors(schema, at)];
}

const identity = ['metadata', 'kind', 'apiVersion'];

/** @param name of the property; undefined for all that is no property. */
function placeOf(schema: Schema, child: Schema, { noDefaults, inMetadata, root }: Place, name: string | undefined): Place {
  if (inMetadata && child === schema.additionalProperties) return { noDefaults: insideMap, inMetadata };
  if (name === undefined || !identity.includes(name) || !(root || isEmbedded(schema))) return { noDefaults, inMetadata };
  return { noDefaults: root ? `in top-level ${name}` : noDefaults, inMetadata: true };
}

const insideMap = 'inside additionalProperties applying to object metadata';

const types = ['array', 'boolean', 'integer', 'number', 'object', 'string'];
const unsupported = ['id', 'additionalItems', 'patternProperties', 'definitions', 'dependencies', '$ref'];

function ownErrors(schema: Schema, at: FieldPath, { noDefaults, inMetadata }: Place): FieldError[] {
  const errors: FieldError[] = [];
  const forbid = (name: string, why: string): void => void errors.push(fieldForbidden(at.child(name), why));
  const raw = schema as Readonly<Record<string, unknown>>;
  if (schema.type && !types.includes(schema.type)) errors.push(fieldUnsupported(at.child('type'), schema.type, types));
  if (schema.default !== undefined && noDefaults) forbid('default', `must not be set ${noDefaults}`);
  for (const name of unsupported) if (raw[name] !== undefined) forbid(name, `${name} is not supported`);
  if (schema.type === 'null') forbid('type', 'type cannot be set to null, use nullable as an alternative');
  if (Array.isArray(schema.items)) forbid('items', 'items must be a schema object and not an array');
  if (inMetadata && isEmbedded(schema)) forbid('x-kubernetes-embedded-resource', 'must not be used inside of resource meta');
  if (schema.uniqueItems) forbid('uniqueItems', 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic');
  const { properties = {}, additionalProperties = true } = schema;
  if (additionalProperties !== true && Object.keys(properties).length > 0)
    forbid('additionalProperties', 'additionalProperties and properties are mutual exclusive');
  return errors;
}
