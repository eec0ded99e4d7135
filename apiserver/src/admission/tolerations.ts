import type { Toleration } from '@keelson/types';

/** Both lists; of two where one puts up with all the other does, that one. */
export function mergeTolerations(first: readonly Toleration[], second: readonly Toleration[]): Toleration[] {
  const all = [...first, ...second];
  return all.filter((one, index) => {
    const isCoveredBefore = all.slice(0, index).some((other) => covers(other, one));
    const isCoveredAfter = all.slice(index + 1).some((other) => covers(other, one) && !covers(one, other));
    return !isCoveredBefore && !isCoveredAfter;
  });
}

/** Whether each is covered by one of the list; any are, by an empty list. */
export function areAllowed(tolerations: readonly Toleration[], list: readonly Toleration[]): boolean {
  return list.length === 0 || tolerations.every((one) => list.some((allowed) => covers(allowed, one)));
}

/** Whether `wide` puts up with every taint `narrow` does, for at least as long. */
export function covers(wide: Toleration, narrow: Toleration): boolean {
  const isAny = !wide.key && wide.operator === 'Exists';
  if (!isAny && (wide.key ?? '') !== (narrow.key ?? '')) return false;
  if (wide.effect && wide.effect !== narrow.effect) return false;
  if (wide.effect === 'NoExecute' && wide.tolerationSeconds !== undefined)
    if (narrow.tolerationSeconds === undefined || narrow.tolerationSeconds > wide.tolerationSeconds) return false;
  if (wide.operator === 'Exists') return true;
  return narrow.operator !== 'Exists' && (wide.value ?? '') === (narrow.value ?? '');
}
