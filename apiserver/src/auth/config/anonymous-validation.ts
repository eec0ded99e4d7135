import { type FieldError, fieldInvalid, path } from '@keelson/machinery';

interface AnonymousFile {
  readonly enabled?: boolean;
  readonly conditions?: readonly { readonly path?: string }[] | null;
}

/** What is wrong with `anonymous` of an AuthenticationConfiguration. */
export function anonymousErrors(anonymous: AnonymousFile | undefined): FieldError[] {
  const conditions = anonymous?.conditions ?? [];
  if (anonymous?.enabled || conditions.length === 0) return [];
  const shown = conditions.map(({ path: Path = '' }) => ({ Path }));
  return [fieldInvalid(path('anonymous').child('conditions'), shown, 'enabled should be set to true when conditions are defined')];
}
