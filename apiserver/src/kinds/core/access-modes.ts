import { type FieldError, type FieldPath, fieldForbidden, fieldRequired } from '@keelson/machinery';
import { oneOf } from '../field-checks.ts';

/** Each mode with the short form columns show, in the order they show them. */
const shortForms = { ReadWriteOnce: 'RWO', ReadOnlyMany: 'ROX', ReadWriteMany: 'RWX', ReadWriteOncePod: 'RWOP' };
const supported = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];

/** `RWO,RWX` */
export function accessModesText(modes: readonly string[] | undefined): string {
  const known = Object.entries(shortForms).filter(([mode]) => modes?.includes(mode));
  return known.map(([, short]) => short).join(',');
}

/** @param needed the complaint about a list without modes. */
export function accessModeErrors(modes: readonly string[] | undefined, at: FieldPath, needed: string): FieldError[] {
  if (!modes?.length) return [fieldRequired(at, needed)];
  const errors = modes.flatMap((mode) => oneOf(mode, supported, at));
  if (modes.includes('ReadWriteOncePod') && modes.some((mode) => mode !== 'ReadWriteOncePod'))
    errors.push(fieldForbidden(at, 'may not use ReadWriteOncePod with other access modes'));
  return errors;
}
