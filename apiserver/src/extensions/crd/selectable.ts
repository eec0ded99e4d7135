import { type FieldError, type FieldPath, fieldDuplicate, fieldInvalid, fieldRequired, fieldTooMany } from '@keelson/machinery';
import type { Schema } from './schema.ts';

/** Fields of one version by which lists and watches may select. */
const mostFields = 8;

/** What is wrong with the fields by which custom resources of this schema are to be selected. */
export function selectableErrors(fields: readonly { readonly jsonPath: string }[], schema: Schema, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const known = new Set<string>();
  for (const [index, { jsonPath }] of fields.entries()) {
    const where = at.index(index);
    const found = jsonPath ? follow(schema, jsonPath) : undefined;
    if (found === undefined) errors.push(fieldRequired(where.child('jsonPath')));
    else if (typeof found === 'string') errors.push(fieldInvalid(where.child('jsonPath'), jsonPath, `is an invalid path: ${found}`));
    else {
      if (/^\.metadata(\.|$)/.test(jsonPath))
        errors.push(fieldInvalid(where.child('jsonPath'), jsonPath, 'must not point to fields in metadata'));
      if (!selectable.includes(found.type ?? '')) errors.push(fieldInvalid(where.child('jsonPath'), jsonPath, mustBeScalar));
      if (known.has(jsonPath)) errors.push(fieldDuplicate(where.child('jsonPath'), jsonPath));
      known.add(jsonPath);
    }
  }
  if (known.size > mostFields) errors.push(fieldTooMany(at, known.size, mostFields));
  return errors;
}

const selectable = ['string', 'boolean', 'integer'];
const mustBeScalar = 'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.';

/** The schema of the member that a path like `.spec.host` leads to, or why there is none. */
function follow(schema: Schema, path: string): Schema | string {
  let here = schema;
  for (const { 0: token, index } of path.matchAll(/\.[^.[\]]*|[^.]/g)) {
    if (token === '[') return 'array notation is not allowed';
    if (!token.startsWith('.')) return `expected [ or . but got: ${/^[^.[\]]+/.exec(path)?.[0] ?? token}`;
    if (token === '.') return index === path.length - 1 ? 'unexpected end of JSON path' : 'does not refer to a valid field';
    const { properties, additionalProperties } = here;
    const member = properties ? properties[token.slice(1)] : additionalProperties;
    if (typeof member !== 'object') return 'does not refer to a valid field';
    here = member;
  }
  return here;
}
