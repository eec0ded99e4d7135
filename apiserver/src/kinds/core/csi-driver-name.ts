import { type FieldError, type FieldPath, fieldRequired, fieldTooLong, invalidBy, isDNS1123Subdomain } from '@keelson/machinery';

/** Drivers are named like hosts, in any case, in at most 63 bytes. */
export function csiDriverNameErrors(driver: string | undefined, where: FieldPath): FieldError[] {
  if (!driver) return [fieldRequired(where)];
  const errors = driver.length > 63 ? [fieldTooLong(where, 63)] : [];
  return [...errors, ...invalidBy(isDNS1123Subdomain(driver.toLowerCase()), where, driver)];
}
