import { goJson, goQuote } from './go-text.ts';

/**
 * What is wrong with a field. `NotFound`: a reference leads nowhere; `TypeInvalid`: the value is of the wrong JSON type; `Forbidden`: well
 * formed but not allowed here.
 */
export type FieldErrorType =
  | 'Required'
  | 'Invalid'
  | 'Unsupported'
  | 'Forbidden'
  | 'Duplicate'
  | 'TooLong'
  | 'TooShort'
  | 'TooMany'
  | 'TooFew'
  | 'NotFound'
  | 'TypeInvalid'
  | 'InternalError';

/** One thing wrong with one field, as data. */
export interface FieldError {
  readonly type: FieldErrorType;
  /** `spec.containers[0].name`. */
  readonly path: string;
  /** What was found there. Not shown for Required, Forbidden, TooLong, TooShort and InternalError, nor when it is `omitted`. */
  readonly badValue?: unknown;
  /** Why; may be empty. */
  readonly detail: string;
}

/** Stands for a bad value that is not worth showing. */
export const omitted: unique symbol = Symbol('omitted value');

interface TypeNames {
  /** Cause type in a Status. */
  readonly reason: string;
  readonly text: string;
  readonly showsValue: boolean;
}

const names: Readonly<Record<FieldErrorType, TypeNames>> = {
  Required: { reason: 'FieldValueRequired', text: 'Required value', showsValue: false },
  Invalid: { reason: 'FieldValueInvalid', text: 'Invalid value', showsValue: true },
  Unsupported: { reason: 'FieldValueNotSupported', text: 'Unsupported value', showsValue: true },
  Forbidden: { reason: 'FieldValueForbidden', text: 'Forbidden', showsValue: false },
  Duplicate: { reason: 'FieldValueDuplicate', text: 'Duplicate value', showsValue: true },
  TooLong: { reason: 'FieldValueTooLong', text: 'Too long', showsValue: false },
  TooShort: { reason: 'FieldValueTooShort', text: 'Too short', showsValue: false },
  TooMany: { reason: 'FieldValueTooMany', text: 'Too many', showsValue: true },
  TooFew: { reason: 'FieldValueTooFew', text: 'Too few', showsValue: true },
  NotFound: { reason: 'FieldValueNotFound', text: 'Not found', showsValue: true },
  TypeInvalid: { reason: 'FieldValueTypeInvalid', text: 'Invalid value', showsValue: true },
  InternalError: { reason: 'InternalError', text: 'Internal error', showsValue: false },
};

/** The machine-readable cause, `FieldValueInvalid`, … */
export function fieldErrorReason(error: FieldError): string {
  return names[error.type].reason;
}

/** The message without the path: `Invalid value: -1: must be greater than or equal to 0`. */
export function fieldErrorBody({ type, badValue, detail }: FieldError): string {
  const { text, showsValue } = names[type];
  const shown = showsValue && badValue !== omitted ? `${text}: ${formatValue(badValue)}` : text;
  return detail ? `${shown}: ${detail}` : shown;
}

/** The whole message: `spec.replicas: Invalid value: -1: must be greater than or equal to 0`. */
export function formatFieldError(error: FieldError): string {
  return `${error.path}: ${fieldErrorBody(error)}`;
}

/** Several messages as upstream's aggregate prints them: repeats dropped, brackets only around more than one. Empty for none. */
export function formatFieldErrors(errors: readonly FieldError[]): string {
  const messages = [...new Set(unlike(errors).map(formatFieldError))];
  return messages.length > 1 ? `[${messages.join(', ')}]` : (messages[0] ?? '');
}

/** Without those that repeat another: values can be long, and are not written down to find out. */
function unlike(errors: readonly FieldError[]): FieldError[] {
  const known = new Map<string, Set<unknown>>();
  return errors.filter(({ type, path, detail, badValue }) => {
    const place = `${type} ${path} ${detail}`;
    const values = known.get(place) ?? new Set();
    known.set(place, values);
    return !values.has(badValue) && values.add(badValue);
  });
}

function formatValue(value: unknown): string {
  return typeof value === 'string' ? goQuote(value) : goJson(value);
}

/** Where a field is. Immutable: each step gives a new path. Its text is made when it is asked for, which is when something is wrong there. */
export class FieldPath {
  readonly #parent: FieldPath | undefined;
  readonly #step: string | number;
  /** Whether the step is an element of a list or map: it stands in brackets. */
  readonly #element: boolean;

  constructor(step: string | number, parent?: FieldPath, element = false) {
    this.#step = step;
    this.#parent = parent;
    this.#element = element;
  }

  child(...fields: readonly string[]): FieldPath {
    let at: FieldPath = this;
    for (const field of fields) if (field !== '') at = new FieldPath(field, at);
    return at;
  }

  index(index: number): FieldPath {
    return new FieldPath(index, this, true);
  }

  /** An element of a map, or of a list by its key: `labels[app]`. */
  key(key: string): FieldPath {
    return new FieldPath(key, this, true);
  }

  /** `<nil>` for the path of nothing, as upstream prints it. */
  toString(): string {
    return this.#text() || '<nil>';
  }

  #text(): string {
    const before = this.#parent ? this.#parent.#text() : '';
    if (this.#element) return `${before}[${this.#step}]`;
    return before === '' ? String(this.#step) : `${before}.${this.#step}`;
  }
}

/** A path from names: `path('spec').child('containers').index(0).key('name')`. Without names, the path of the whole. */
export function path(...fields: readonly string[]): FieldPath {
  return new FieldPath(fields.join('.'));
}

export type PathLike = FieldPath | string;

export function fieldRequired(at: PathLike, detail = ''): FieldError {
  return { type: 'Required', path: String(at), badValue: '', detail };
}

export function fieldInvalid(at: PathLike, badValue: unknown, detail: string): FieldError {
  return { type: 'Invalid', path: String(at), badValue, detail };
}

export function fieldTypeInvalid(at: PathLike, badValue: unknown, detail: string): FieldError {
  return { type: 'TypeInvalid', path: String(at), badValue, detail };
}

/** An unknown value of an enumeration. `supported` is listed in the order given, as upstream lists its own. */
export function fieldUnsupported(at: PathLike, badValue: unknown, supported: readonly string[]): FieldError {
  const detail = supported.length > 0 ? `supported values: ${supported.map(goQuote).join(', ')}` : '';
  return { type: 'Unsupported', path: String(at), badValue, detail };
}

export function fieldForbidden(at: PathLike, detail: string): FieldError {
  return { type: 'Forbidden', path: String(at), badValue: '', detail };
}

export function fieldDuplicate(at: PathLike, badValue: unknown): FieldError {
  return { type: 'Duplicate', path: String(at), badValue, detail: '' };
}

export function fieldNotFound(at: PathLike, badValue: unknown): FieldError {
  return { type: 'NotFound', path: String(at), badValue, detail: '' };
}

/** More than `maximum` bytes; negative when the limit is not to be named. */
export function fieldTooLong(at: PathLike, maximum: number): FieldError {
  const detail = maximum < 0 ? 'value is too long' : `may not be more than ${counted(maximum, 'byte')}`;
  return { type: 'TooLong', path: String(at), badValue: '<value omitted>', detail };
}

/** More than `maximum` characters; negative when the limit is not to be named. */
export function fieldTooLongCharacters(at: PathLike, maximum: number): FieldError {
  const detail = maximum < 0 ? 'value is too long' : `may not be more than ${counted(maximum, 'character')}`;
  return { type: 'TooLong', path: String(at), badValue: '<value omitted>', detail };
}

export function fieldTooShort(at: PathLike, badValue: string, minimum: number): FieldError {
  const detail = minimum < 0 ? 'value is too short' : `must be at least ${counted(minimum, 'character')}`;
  return { type: 'TooShort', path: String(at), badValue, detail };
}

/** `actual` or `maximum` negative: not shown. */
export function fieldTooMany(at: PathLike, actual: number, maximum: number): FieldError {
  const detail = maximum < 0 ? 'has too many items' : `must have at most ${counted(maximum, 'item')}`;
  return { type: 'TooMany', path: String(at), badValue: actual < 0 ? omitted : actual, detail };
}

/** `actual` or `minimum` negative: not shown. */
export function fieldTooFew(at: PathLike, actual: number, minimum: number): FieldError {
  const detail = minimum < 0 ? 'has too few items' : `must have at least ${counted(minimum, 'item')}`;
  return { type: 'TooFew', path: String(at), badValue: actual < 0 ? omitted : actual, detail };
}

export function fieldInternalError(at: PathLike, detail: string): FieldError {
  return { type: 'InternalError', path: String(at), badValue: omitted, detail };
}

function counted(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}
