import { compareStrings, goPrint } from '../go-text.ts';
import { directive, retainKeys } from './directives.ts';
import { isObject, type JsonObject } from './json-object.ts';
import { holdsMaps, identityOf } from './lists.ts';
import { type PatchField, type PatchType, patchField } from './schema.ts';

/** Whether two strategic merge patches speak of the same fields and do not agree. @throws StatusError for lists that cannot be compared. */
export function conflicts(a: JsonObject, b: JsonObject, type: PatchType): boolean {
  return Object.keys(a).some((name) => {
    if (name === directive || name === retainKeys || !Object.hasOwn(b, name)) return false;
    return valuesConflict(a[name], b[name], patchField(type, name));
  });
}

function valuesConflict(a: unknown, b: unknown, field: PatchField): boolean {
  if (isObject(a)) {
    if (!isObject(b) || a[directive] !== b[directive]) return true;
    return field.strategy !== 'replace' && conflicts(a, b, field.type);
  }
  if (Array.isArray(a)) return !Array.isArray(b) || listsConflict(a, b, field);
  return a !== b;
}

/** Lists of scalars that merge cannot conflict; of those that do not, the order is nothing to conflict about. */
function listsConflict(a: readonly unknown[], b: readonly unknown[], { strategy, mergeKey, type }: PatchField): boolean {
  const maps = holdsMaps(a, b);
  const inner: PatchField = { type, strategy: '', retainKeys: false, mergeKey: '' };
  if (strategy !== 'merge') {
    if (a.length !== b.length) return true;
    const [left, right] = maps ? [a, b] : [sorted(a), sorted(b)];
    return left.some((element, i) => valuesConflict(element, right[i], inner));
  }
  if (!maps) return false;
  const others = new Map(b.map((element) => [identityOf(element, mergeKey), element] as const));
  return a.some((element) => {
    const other = others.get(identityOf(element, mergeKey));
    return other !== undefined && valuesConflict(element, other, inner);
  });
}

function sorted(list: readonly unknown[]): unknown[] {
  return [...new Set(list)].sort((a, b) => compareStrings(goPrint(a), goPrint(b)));
}
