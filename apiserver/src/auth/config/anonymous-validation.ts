import { type FieldError, fieldDuplicate, fieldInvalid, fieldRequired, path } from '@keelson/machinery';

interface AnonymousFile {
  readonly enabled?: boolean;
  readonly conditions?: readonly { readonly path?: string }[];
}

/** What is wrong with `anonymous` of an AuthenticationConfiguration. */
export function anonymousErrors(anonymous: AnonymousFile | undefined): FieldError[] {
  const { enabled = false, conditions = [] } = anonymous ?? {};
  const at = path('anonymous').child('conditions');
  const errors: FieldError[] = [];
  if (!enabled && conditions.length > 0)
    errors.push(fieldInvalid(at, conditions, 'enabled should be set to true when conditions are defined'));
  const seen = new Set<string>();
  for (const [i, { path: one = '' }] of conditions.entries()) {
    const here = at.index(i).child('path');
    if (one === '') errors.push(fieldRequired(here, 'path is required'));
    else if (seen.has(one)) errors.push(fieldDuplicate(here, one));
    seen.add(one);
  }
  return errors;
}
