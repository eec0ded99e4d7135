import type { Node, NodeSelectorTerm, PodSpec, Taint, Toleration } from '@keelson/types';

type Requirement = NonNullable<NodeSelectorTerm['matchExpressions']>[number];

/** Whether a node is one that a pod demands by its nodeSelector and its required node affinity. */
export function nodeSuits(spec: PodSpec, node: Node): boolean {
  const labels = node.metadata.labels ?? {};
  if (!Object.entries(spec.nodeSelector ?? {}).every(([key, value]) => labels[key] === value)) return false;
  const terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  return !terms || terms.some((term) => nodeTermHolds(term, node));
}

/** All conditions of a term hold; a term without any matches nothing. */
export function nodeTermHolds(term: NodeSelectorTerm, node: Node): boolean {
  const expressions = term.matchExpressions ?? [];
  const fields = term.matchFields ?? [];
  if (expressions.length + fields.length === 0) return false;
  const labels = node.metadata.labels ?? {};
  const known: Readonly<Record<string, string>> = { 'metadata.name': node.metadata.name ?? '' };
  return expressions.every((one) => holds(one, labels[one.key])) && fields.every((one) => holds(one, known[one.key]));
}

function holds({ operator, values = [] }: Requirement, value: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
      return wholeNumber(value) > wholeNumber(values[0]);
    case 'Lt':
      return wholeNumber(value) < wholeNumber(values[0]);
    default:
      return false;
  }
}

/** Not a number when the text is no whole number, so that every comparison fails. */
function wholeNumber(text: string | undefined): number {
  return text !== undefined && /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
}

type TaintFacts = Pick<Taint, 'key' | 'effect'> & { readonly value?: string | undefined };

/** Whether a pod with these tolerations does not mind a taint. */
export function tolerates(tolerations: readonly Toleration[], taint: TaintFacts): boolean {
  return tolerations.some((toleration) => tolerationMatches(toleration, taint));
}

/** Whether one toleration is for a taint. An empty effect or key matches all; `Exists` matches any value. */
export function tolerationMatches(toleration: Toleration, taint: TaintFacts): boolean {
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
