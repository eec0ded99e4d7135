import { type FieldError, fieldInvalid } from '@keelson/machinery';
import type { Schema } from './schema.ts';

/** Where a number is: in messages, and as a field. */
interface Place {
  readonly path: string;
  readonly at: string;
}

/** What is wrong with a number by a schema, its bounds included: those that no value of its type can have make every value wrong. */
export function numberErrors(value: number, schema: Schema, { path, at }: Place): FieldError[] {
  const { multipleOf, minimum, maximum, exclusiveMinimum = false, exclusiveMaximum = false } = schema;
  const range = (bound: number, what: string): FieldError[] => rangeErrors(bound, schema, `${what} value must be of type`, path);
  const errors = range(value, 'Checked');
  const check = (bound: number | undefined, what: string, wrong: (bound: number) => string | undefined): void => {
    if (bound === undefined) return;
    const outside = range(bound, what);
    // Of what is not a fraction itself, no fraction is asked.
    const problem = wrong(outside.length === 0 && Number.isInteger(value) ? Math.trunc(bound) : bound);
    errors.push(...outside, ...(problem ? [fieldInvalid(at, value, `${path} in body should be ${problem}`)] : []));
  };
  if (multipleOf !== undefined && Math.trunc(multipleOf) <= 0 && Number.isInteger(value)) {
    const shown = Math.trunc(multipleOf);
    errors.push(fieldInvalid(at, shown, `factor MultipleOf declared for ${path} must be positive: ${shown}`));
  } else check(multipleOf, 'MultipleOf', (factor) => (isMultiple(value, factor) ? undefined : `a multiple of ${factor}`));
  check(minimum, 'Minimum boundary', (least) =>
    value > least || (value === least && !exclusiveMinimum) ? undefined : `greater than ${exclusiveMinimum ? '' : 'or equal to '}${least}`,
  );
  check(maximum, 'Maximum boundary', (most) =>
    value < most || (value === most && !exclusiveMaximum) ? undefined : `less than ${exclusiveMaximum ? '' : 'or equal to '}${most}`,
  );
  return errors;
}

function isMultiple(value: number, factor: number): boolean {
  return Number.isInteger(Number((value / factor).toPrecision(15)));
}

const largestFloat = 3.4028234663852886e38;

/** Beyond what its type and format hold. */
function rangeErrors(value: number, { type, format = '' }: Schema, what: string, path: string): FieldError[] {
  const bits = format === 'int32' ? 31 : 63;
  const held =
    type === 'integer'
      ? Number.isInteger(value) && value >= -(2 ** bits) && value < 2 ** bits
      : !isFloat(type, format) || Math.abs(value) <= largestFloat;
  if (held) return [];
  const named = type === 'integer' ? ['int32', 'int64'].includes(format) : true;
  return [fieldInvalid('<nil>', '', `${what} ${type} ${named ? `with format ${format}` : '(default format)'} in ${path}`)];
}

function isFloat(type: string | undefined, format: string): boolean {
  return type === 'number' && format === 'float';
}
