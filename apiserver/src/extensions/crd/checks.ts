import type { KubeObject } from '@keelson/client';
import { type FieldError, fieldInvalid } from '@keelson/machinery';
import { embeddedErrors, isEmbedded } from './embedded.ts';
import { duplicateErrors, isUnique } from './lists.ts';
import { checkRules, hasRules, type RuleFindings } from './rules.ts';
import { type Schema, somewhere } from './schema.ts';
import { validateValue } from './validate.ts';

/** What a schema says of an object that is made, or changed from `old`. */
export type SchemaCheck = (next: KubeObject, old?: KubeObject) => RuleFindings;

const notChecked =
  'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation';

/** Values that are no such values at all cannot be asked about. */
const blocking: ReadonlySet<FieldError['type']> = new Set(['Unsupported', 'Required', 'TooLong', 'TooMany', 'TypeInvalid']);

/**
 * The check of a schema, in the order in which upstream does it. What was there before and did not change is not refused, whatever the
 * schema says by now; but embedded objects are always what they should be.
 * @param own what else is asked of such objects.
 */
export function schemaCheck(schema: Schema, own: (object: KubeObject) => FieldError[] = () => []): SchemaCheck {
  const [embeds, lists, ruled] = [somewhere(schema, isEmbedded), somewhere(schema, isUnique), hasRules(schema)];
  return (next, old) => {
    const errors = [
      ...valueErrors(next, old, schema),
      ...own(next),
      ...(embeds ? embeddedErrors(next, schema) : []),
      ...(lists ? newDuplicates(next, old, schema) : []),
    ];
    if (!ruled) return { errors, warnings: [] };
    if (errors.some(({ type }) => blocking.has(type)))
      return { errors: [...errors, fieldInvalid('<nil>', null, notChecked)], warnings: [] };
    const found = checkRules(next, old, schema);
    return { errors: [...errors, ...found.errors], warnings: found.warnings };
  };
}

/** Most objects are valid: only of others is it looked at what has changed. */
function valueErrors(next: KubeObject, old: KubeObject | undefined, schema: Schema): FieldError[] {
  const errors = validateValue(next, schema);
  return errors.length === 0 || old === undefined ? errors : validateValue(next, schema, '', old);
}

function newDuplicates(next: KubeObject, old: KubeObject | undefined, schema: Schema): FieldError[] {
  const errors = duplicateErrors(next, schema);
  return errors.length > 0 && old !== undefined && duplicateErrors(old, schema).length > 0 ? [] : errors;
}
