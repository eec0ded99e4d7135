import {
  type FieldError,
  FieldPath,
  fieldDuplicate,
  fieldForbidden,
  fieldInvalid,
  fieldNotFound,
  fieldRequired,
  fieldTooLong,
  fieldTooMany,
  fieldUnsupported,
} from '@keelson/machinery';

/** Where a check stands. Its text is put together only when something is wrong there: what is valid costs a few small objects. */
export class Place {
  readonly #parent: Place | FieldPath;
  readonly #step: string;
  readonly #index: number;

  /** Without `step`, the parent's own place. `index` below 0 for no list. */
  constructor(parent: Place | FieldPath, step = '', index = -1) {
    this.#parent = parent;
    this.#step = step;
    this.#index = index;
  }

  child(step: string): Place {
    return new Place(this, step);
  }

  /** An element of the list `step`. */
  item(step: string, index: number): Place {
    return new Place(this, step, index);
  }

  toString(): string {
    const here = joined(String(this.#parent), this.#step);
    return this.#index < 0 ? here : `${here}[${this.#index}]`;
  }

  /** For checks that are written over paths. */
  path(): FieldPath {
    return new FieldPath(String(this));
  }
}

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

  required(at: Place, where: string, detail = ''): void {
    this.errors.push(fieldRequired(joined(String(at), where), detail));
  }

  invalid(at: Place, where: string, value: unknown, detail: string): void {
    this.errors.push(fieldInvalid(joined(String(at), where), value, detail));
  }

  /** One error for each problem. */
  problems(at: Place, where: string, value: unknown, problems: readonly string[]): void {
    for (const problem of problems) this.invalid(at, where, value, problem);
  }

  forbidden(at: Place, where: string, detail: string): void {
    this.errors.push(fieldForbidden(joined(String(at), where), detail));
  }

  unsupported(at: Place, where: string, value: unknown, supported: readonly string[]): void {
    this.errors.push(fieldUnsupported(joined(String(at), where), value, supported));
  }

  duplicate(at: Place, where: string, value: unknown): void {
    this.errors.push(fieldDuplicate(joined(String(at), where), value));
  }

  notFound(at: Place, where: string, value: unknown, detail = ''): void {
    this.errors.push({ ...fieldNotFound(joined(String(at), where), value), detail });
  }

  /** More than `maximum` bytes. */
  tooLong(at: Place, where: string, maximum: number): void {
    this.errors.push(fieldTooLong(joined(String(at), where), maximum));
  }

  /** More than `maximum` items. */
  tooMany(at: Place, where: string, actual: number, maximum: number): void {
    this.errors.push(fieldTooMany(joined(String(at), where), actual, maximum));
  }

  add(errors: readonly FieldError[]): void {
    for (const error of errors) this.errors.push(error);
  }
}
