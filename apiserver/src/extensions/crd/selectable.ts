import { type FieldError, type FieldPath, fieldDuplicate, fieldInvalid, fieldRequired, fieldTooMany } from '@keelson/machinery';
import { followPath } from './field-path.ts';
import type { Schema } from './schema.ts';

/** Fields of one version by which lists and watches may select. */
const mostFields = 8;

/** What is wrong with the fields by which custom resources of this schema are to be selected. */
export function selectableErrors(fields: readonly { readonly jsonPath: string }[], schema: Schema, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const known = new Set<string>();
  for (const [index, { jsonPath }] of fields.entries()) {
    const where = at.index(index);
    const found = jsonPath ? followPath(schema, jsonPath, false) : undefined;
    if (found === undefined) errors.push(fieldRequired(where.child('jsonPath')));
    else if (typeof found === 'string') errors.push(fieldInvalid(where.child('jsonPath'), jsonPath, `is an invalid path: ${found}`));
    else {
      if (/^\.metadata(\.|$)/.test(jsonPath))
        errors.push(fieldInvalid(where.child('jsonPath'), jsonPath, 'must not point to fields in metadata'));
      if (!selectable.includes(found.schema.type ?? '')) errors.push(fieldInvalid(where.child('jsonPath'), jsonPath, mustBeScalar));
      if (known.has(found.path)) errors.push(fieldDuplicate(where.child('jsonPath'), jsonPath));
      known.add(found.path);
    }
  }
  if (known.size > mostFields) errors.push(fieldTooMany(at, known.size, mostFields));
  return errors;
}

const selectable = ['string', 'boolean', 'integer'];
const mustBeScalar = 'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.';
