import {
  type FieldError,
  type FieldPath,
  fieldInvalid,
  fieldRequired,
  fieldTooLong,
  invalidBy,
  isCIdentifier,
  isDNS1123Subdomain,
} from '@keelson/machinery';
import { csiDriverNameErrors } from '../core/csi-driver-name.ts';
import { atMostBytes } from '../field-checks.ts';

const longestPoolName = 253;
const longestIdentifier = 32;

/** Pools are named by host names with slashes between, of 253 bytes in all. */
export function poolNameErrors(name: string | undefined, at: FieldPath): FieldError[] {
  if (!name) return [fieldRequired(at)];
  const parts = name.split('/').flatMap((part) => invalidBy(isDNS1123Subdomain(part), at, part));
  return [...atMostBytes(name, longestPoolName, at), ...parts];
}

/** `name` of the driver's own, or `domain/name` of anybody's: attributes and capacities are named so. */
export function qualifiedNameErrors(name: string, at: FieldPath): FieldError[] {
  const [first = '', second, ...more] = name.split('/');
  if (second === undefined) return identifierErrors(first, at);
  if (more.length > 0) return [];
  return [
    ...(first === '' ? [fieldInvalid(at, '', 'the domain must not be empty')] : csiDriverNameErrors(first, at)),
    ...(second === '' ? [fieldInvalid(at, '', 'the name must not be empty')] : identifierErrors(second, at)),
  ];
}

/** `domain/name`, where attributes of any driver may be meant. */
export function fullyQualifiedNameErrors(name: string, at: FieldPath): FieldError[] {
  const detail = 'a fully qualified name must be a domain and a name separated by a slash';
  return [...qualifiedNameErrors(name, at), ...(name.includes('/') ? [] : [fieldInvalid(at, name, detail)])];
}

function identifierErrors(name: string, at: FieldPath): FieldError[] {
  const tooLong = name.length > longestIdentifier ? [fieldTooLong(at, longestIdentifier)] : [];
  return [...tooLong, ...invalidBy(isCIdentifier(name), at, name)];
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export function uuidErrors(value: string, at: FieldPath): FieldError[] {
  if (uuid.test(value)) return [];
  if (value.length !== 36) return [fieldInvalid(at, value, `error validating uid: invalid UUID length: ${value.length}`)];
  if (!uuid.test(value.toLowerCase())) return [fieldInvalid(at, value, 'error validating uid: invalid UUID format')];
  const form = '`xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with lowercase hexadecimal characters';
  return [fieldInvalid(at, value, `uid must be in RFC 4122 normalized form, ${form}`)];
}
