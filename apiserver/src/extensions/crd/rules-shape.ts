import { type FieldError, type FieldPath, fieldInvalid, fieldRequired, fieldUnsupported } from '@keelson/machinery';
import { followPath } from './field-path.ts';
import type { Schema, ValidationRule } from './schema.ts';
import { unreadable } from './unreadable.ts';

/** What is wrong with how the rules of a schema are written down, whatever their expressions say. */
export function ruleShapeErrors(schema: Schema, at: FieldPath): FieldError[] {
  const rules = schema['x-kubernetes-validations'] ?? [];
  return rules.flatMap((rule, index) => ruleErrors(rule, schema, at.child('x-kubernetes-validations').index(index)));
}

const reasons = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired'];

function ruleErrors(
  { rule = '', message, messageExpression, reason, fieldPath }: ValidationRule,
  schema: Schema,
  at: FieldPath,
): FieldError[] {
  const errors: FieldError[] = [];
  if (!rule.trim()) errors.push(fieldRequired(at.child('rule'), 'rule is not specified'));
  else if (message && !message.trim()) errors.push(fieldInvalid(at.child('message'), message, 'must be non-empty if specified'));
  else if (/[\n\r]/.test(message?.trim() ?? '')) errors.push(fieldInvalid(at.child('message'), message, 'must not contain line breaks'));
  else if (/[\n\r]/.test(rule.trim()) && !message?.trim())
    errors.push(fieldRequired(at.child('message'), 'message must be specified if rule contains line breaks'));
  if (messageExpression && !messageExpression.trim())
    errors.push(fieldRequired(at.child('messageExpression'), 'messageExpression must be non-empty if specified'));
  if (reason !== undefined && !reasons.includes(reason)) errors.push(fieldUnsupported(at.child('reason'), reason, reasons));
  if (fieldPath && !fieldPath.trim()) errors.push(fieldInvalid(at.child('fieldPath'), fieldPath, 'must be non-empty if specified'));
  if (/[\n\r]/.test(fieldPath ?? '')) errors.push(fieldInvalid(at.child('fieldPath'), fieldPath, 'must not contain line breaks'));
  if (fieldPath && !leads(schema, fieldPath, at)) errors.push(fieldInvalid(at.child('fieldPath'), fieldPath, 'must be a valid path'));
  return errors;
}

/** Whether `.a.b` or `['a']` leads to a value the schema knows; where that cannot be told, it does. */
function leads(schema: Schema, fieldPath: string, at: FieldPath): boolean {
  return unreadable(schema, at) !== undefined || typeof followPath(schema, fieldPath, true) !== 'string';
}
