import { badRequest, type StatusError } from '@keelson/machinery';
import { DecodeError } from './decode-error.ts';
import { jsonKind } from './go-errors.ts';

/** What a request's body is to be. Custom resources have to say what they are; of other kinds the path says it. */
export interface ExpectedBody {
  readonly kind: string;
  readonly apiVersion: string;
  readonly isCustom: boolean;
  /** Of options upstream says what is wrong with them, and no more. */
  readonly bare?: boolean;
}

/** Bytes of a body that an error shows. */
const shown = 30;

/** A BadRequest for a body of which not even the kind can be told, with its beginning: as text where it looks like JSON. */
export function unrecognized({ kind, bare }: Pick<ExpectedBody, 'kind' | 'bare'>, why: string, body: Buffer): StatusError {
  if (bare) return badRequest(why);
  const start = body.subarray(0, shown);
  const text = start[0] === 0x7b ? start.toString() : start.toString('hex') || '<empty>';
  return badRequest(`the object provided is unrecognized (must be of type ${kind}): ${why} (${text}${body.length > shown ? ' ...' : ''})`);
}

/** What is wrong with JSON before its kind is known. */
export function parseFault(why: string): string {
  return `couldn't get version/kind; json parse error: ${why}`;
}

/**
 * A parsed body that says, or need not say, what it is; nothing at all is an object without members. @param text the JSON it was read from.
 * @throws StatusError BadRequest for what is no object, or says its kind wrongly, or not where it must.
 */
export function checkTypeMeta(value: unknown, text: () => string, body: Buffer, expected: ExpectedBody): unknown {
  const fault = typeMetaFault(value);
  if (fault) throw unrecognized(expected, fault, body);
  const object = (value ?? {}) as Readonly<Record<string, unknown>>;
  if (expected.isCustom && !object.kind) throw unrecognized(expected, `Object 'Kind' is missing in '${text()}'`, body);
  if (expected.isCustom && !object.apiVersion) throw wrongVersion('', expected.apiVersion);
  return object;
}

const struct = 'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';

/** Why it cannot be told what kind of object a value is; nothing is not at fault. */
export function typeMetaFault(value: unknown): string | undefined {
  if (value === null || value === undefined) return undefined;
  const cannot = (found: unknown, into: string): string => parseFault(`json: cannot unmarshal ${jsonKind(found)} into Go ${into}`);
  if (typeof value !== 'object' || Array.isArray(value)) return cannot(value, `value of type ${struct}`);
  const isWrong = (found: unknown): boolean => found !== undefined && found !== null && typeof found !== 'string';
  const { apiVersion, kind } = value as { readonly apiVersion?: unknown; readonly kind?: unknown };
  if (!isWrong(apiVersion) && !isWrong(kind)) return undefined;
  // Of two that are wrong the first is told.
  const [member = '', found] =
    Object.entries(value).find(([name, one]) => (name === 'apiVersion' || name === 'kind') && isWrong(one)) ?? [];
  return cannot(found, `struct field .${member} of type string`);
}

export function wrongVersion(found: string, expected: string): StatusError {
  return new DecodeError(`the API version in the data (${found}) does not match the expected API version (${expected})`);
}
