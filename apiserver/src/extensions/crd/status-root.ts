import { type FieldError, type FieldPath, fieldInvalid } from '@keelson/machinery';
import { schemaForm } from './internal-form.ts';
import type { Schema } from './schema.ts';

/** What the schema of a whole object may say where its status is looked at by itself: nothing that would be lost. Names are upstream's. */
const allowed = [
  ...['Description', 'Type', 'Format', 'Title', 'Maximum', 'ExclusiveMaximum', 'Minimum', 'ExclusiveMinimum', 'MaxLength', 'MinLength'],
  ...['Pattern', 'MaxItems', 'MinItems', 'UniqueItems', 'MultipleOf', 'Required', 'Items', 'Properties', 'ExternalDocs', 'Example'],
  ...['XPreserveUnknownFields', 'XValidations'],
];

/** The first thing a schema says of whole objects that it may not where their status is a subresource. */
export function statusRootErrors(schema: Schema, at: FieldPath): FieldError[] {
  const form = schemaForm(schema);
  const without = schemaForm({});
  for (const [name, value] of Object.entries(form)) {
    if (value === without[name]) continue;
    if (name === 'Type' && value !== 'object') {
      const why = 'only "object" is allowed as the type at the root of the schema if the status subresource is enabled';
      return [fieldInvalid(`${at}.type`, value, why)];
    }
    if (!allowed.includes(name)) {
      const why = `only [${allowed.join(' ')}] fields are allowed at the root of the schema if the status subresource is enabled`;
      return [fieldInvalid(at, form, why)];
    }
  }
  return [];
}
