import {
  byteLength,
  type FieldError,
  type FieldPath,
  fieldInvalid,
  fieldRequired,
  fieldTooLong,
  invalidBy,
  isQualifiedName,
} from '@keelson/machinery';

/** Parameters of a class, in number and in bytes. */
const countLimit = 512;
const sizeLimit = 256 * 1024;

/** What is handed to a driver with every volume of a class. */
export function parameterErrors(parameters: Readonly<Record<string, string>> | undefined, at: FieldPath, needed: boolean): FieldError[] {
  const entries = Object.entries(parameters ?? {});
  if (entries.length > countLimit) return [fieldTooLong(at, countLimit)];
  const errors = entries.filter(([key]) => key === '').map(([key]) => fieldInvalid(at, key, 'field can not be empty.'));
  const size = entries.reduce((sum, [key, value]) => sum + byteLength(key) + byteLength(value), 0);
  if (size > sizeLimit) errors.push(fieldTooLong(at, sizeLimit));
  if (needed && entries.length === 0) errors.push(fieldRequired(at, 'must contain at least one key/value pair'));
  return errors;
}

/** The name of whatever makes or changes the volumes. */
export function provisionerErrors(name: string | undefined, at: FieldPath): FieldError[] {
  return name ? invalidBy(isQualifiedName(name.toLowerCase()), at, name) : [fieldRequired(at)];
}
