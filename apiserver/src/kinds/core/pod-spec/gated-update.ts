import { equal, type FieldPath } from '@keelson/machinery';
import type { NodeAffinity, NodeSelectorTerm, PodSpec } from '@keelson/types';
import type { Report } from '../../report.ts';
import { checkPreferredNodes } from './affinity.ts';

const required = 'requiredDuringSchedulingIgnoredDuringExecution';
const preferred = 'preferredDuringSchedulingIgnoredDuringExecution';

/** While a pod is gated, the choice of its nodes can get smaller. What is looked at here is put back in `kept` as it was. */
export function checkGatedPlacement(kept: PodSpec, old: PodSpec, at: FieldPath, report: Report): void {
  const isNarrower = Object.entries(old.nodeSelector ?? {}).every(([key, value]) => kept.nodeSelector?.[key] === value);
  if (!isNarrower)
    report.invalid(at, 'nodeSelector', kept.nodeSelector, 'only additions to spec.nodeSelector are allowed (no mutations or deletions)');
  kept.nodeSelector = old.nodeSelector;
  const [next, before] = [kept.affinity?.nodeAffinity, old.affinity?.nodeAffinity];
  if (equal(next, before)) return;
  checkNodeAffinity(next, before, at.child('affinity.nodeAffinity'), report);
  const affinity = { ...kept.affinity, nodeAffinity: before };
  kept.affinity = old.affinity || Object.values(affinity).some((part) => part !== undefined) ? affinity : undefined;
}

function checkNodeAffinity(next: NodeAffinity | undefined, old: NodeAffinity | undefined, at: FieldPath, report: Report): void {
  for (const [index, term] of (next?.[preferred] ?? []).entries()) checkPreferredNodes(term, at.child(preferred).index(index), report);
  const was = old?.[required]?.nodeSelectorTerms;
  if (!was?.length) return;
  const terms = next?.[required]?.nodeSelectorTerms ?? [];
  const where = `${required}.nodeSelectorTerms`;
  if (terms.length !== was.length) {
    report.invalid(at, where, terms, 'no additions/deletions to non-empty NodeSelectorTerms list are allowed');
    return;
  }
  for (const [index, term] of terms.entries())
    if (!isNarrowerTerm(term, was[index] ?? {}))
      report.invalid(at, `${where}[${index}]`, term, 'only additions are allowed (no mutations or deletions)');
}

/** A term without requirements selects nothing: it stays so. */
function isNarrowerTerm(next: NodeSelectorTerm, old: NodeSelectorTerm): boolean {
  const wasEmpty = !old.matchExpressions?.length && !old.matchFields?.length;
  if (wasEmpty) return !next.matchExpressions?.length && !next.matchFields?.length;
  const begins = (member: 'matchExpressions' | 'matchFields'): boolean =>
    (old[member] ?? []).every((requirement, index) => equal(requirement, next[member]?.[index]));
  return begins('matchExpressions') && begins('matchFields');
}
