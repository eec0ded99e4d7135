import type { Taint, Toleration } from '@keelson/types';

type TaintFacts = Pick<Taint, 'key' | 'effect'> & { readonly value?: string | undefined };

export function tolerates(tolerations: readonly Toleration[], taint: TaintFacts): boolean {
  return tolerations.some((toleration) => matches(toleration, taint));
}

/** An empty effect or key matches all; `Exists` matches any value. */
function matches(toleration: Toleration, taint: TaintFacts): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false;
  if (toleration.key && toleration.key !== taint.key) return false;
  switch (toleration.operator || 'Equal') {
    case 'Exists':
      return true;
    case 'Equal':
      return (toleration.key ?? '') !== '' && (toleration.value ?? '') === (taint.value ?? '');
    default:
      return false;
  }
}
