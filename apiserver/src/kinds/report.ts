import {
  type FieldError,
  type FieldPath,
  fieldDuplicate,
  fieldForbidden,
  fieldInvalid,
  fieldNotFound,
  fieldRequired,
  fieldTooLong,
  fieldTooMany,
  fieldUnsupported,
} from '@keelson/machinery';

/** `rest` is a name, names with dots between, or begins with `[`. */
function joined(base: string, rest: string): string {
  if (rest === '') return base;
  return rest.startsWith('[') ? `${base}${rest}` : `${base}.${rest}`;
}

/**
 * What was found wrong. Each method adds one error at a place, or below it: `where` is a name, names with dots between, may begin with an
 * index or a key in brackets, and is empty for the place itself.
 */
export class Report {
  readonly errors: FieldError[] = [];

  required(at: FieldPath, where: string, detail = ''): void {
    this.errors.push(fieldRequired(joined(String(at), where), detail));
  }

  invalid(at: FieldPath, where: string, value: unknown, detail: string): void {
    this.errors.push(fieldInvalid(joined(String(at), where), value, detail));
  }

  /** One error for each problem. */
  problems(at: FieldPath, where: string, value: unknown, problems: readonly string[]): void {
    for (const problem of problems) this.invalid(at, where, value, problem);
  }

  forbidden(at: FieldPath, where: string, detail: string): void {
    this.errors.push(fieldForbidden(joined(String(at), where), detail));
  }

  unsupported(at: FieldPath, where: string, value: unknown, supported: readonly string[]): void {
    this.errors.push(fieldUnsupported(joined(String(at), where), value, supported));
  }

  duplicate(at: FieldPath, where: string, value: unknown): void {
    this.errors.push(fieldDuplicate(joined(String(at), where), value));
  }

  notFound(at: FieldPath, where: string, value: unknown, detail = ''): void {
    this.errors.push({ ...fieldNotFound(joined(String(at), where), value), detail });
  }

  /** More than `maximum` bytes. */
  tooLong(at: FieldPath, where: string, maximum: number): void {
    this.errors.push(fieldTooLong(joined(String(at), where), maximum));
  }

  /** More than `maximum` items. */
  tooMany(at: FieldPath, where: string, actual: number, maximum: number): void {
    this.errors.push(fieldTooMany(joined(String(at), where), actual, maximum));
  }

  add(errors: readonly FieldError[]): void {
    for (const error of errors) this.errors.push(error);
  }
}
