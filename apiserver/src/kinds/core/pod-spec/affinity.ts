import { type FieldPath, isDNS1123Label, isQualifiedName, validateLabelSelector } from '@keelson/machinery';
import type {
  Affinity,
  LabelSelector,
  NodeAffinity,
  NodeSelectorTerm,
  PodAffinity,
  PodAffinityTerm,
  PreferredSchedulingTerm,
} from '@keelson/types';
import type { Report } from '../../report.ts';
import { nodeSelectorErrors, nodeSelectorTermErrors } from '../node-selector.ts';

const required = 'requiredDuringSchedulingIgnoredDuringExecution';
const preferred = 'preferredDuringSchedulingIgnoredDuringExecution';

/** Which nodes a pod is to be on, and near which pods. `at` is the affinity. */
export function checkAffinity({ nodeAffinity, podAffinity, podAntiAffinity }: Affinity, at: FieldPath, report: Report): void {
  if (nodeAffinity) checkNodeAffinity(nodeAffinity, at.child('nodeAffinity'), report);
  if (podAffinity) checkPodAffinity(podAffinity, at.child('podAffinity'), report);
  if (podAntiAffinity) checkPodAffinity(podAntiAffinity, at.child('podAntiAffinity'), report);
}

function checkNodeAffinity(affinity: NodeAffinity, at: FieldPath, report: Report): void {
  if (affinity[required]) report.add(nodeSelectorErrors(affinity[required], at.child(required)));
  for (const [index, term] of (affinity[preferred] ?? []).entries()) checkPreferredNodes(term, at.child(preferred).index(index), report);
}

/** Their values may be anything: a term that matches nothing does no harm. */
export function checkPreferredNodes({ weight, preference }: PreferredSchedulingTerm, at: FieldPath, report: Report): void {
  checkWeight(weight, at, report);
  report.add(nodeSelectorTermErrors(preference ?? ({} as NodeSelectorTerm), at.child('preference'), false));
}

function checkWeight(weight: number | undefined, at: FieldPath, report: Report): void {
  if (!weight || weight < 0 || weight > 100) report.invalid(at, 'weight', weight ?? 0, 'must be in the range 1-100');
}

function checkPodAffinity(affinity: PodAffinity, at: FieldPath, report: Report): void {
  for (const [index, term] of (affinity[required] ?? []).entries()) checkTerm(term, at.child(required).index(index), report);
  for (const [index, { weight, podAffinityTerm }] of (affinity[preferred] ?? []).entries()) {
    const where = at.child(preferred).index(index);
    checkWeight(weight, where, report);
    checkTerm(podAffinityTerm ?? { topologyKey: '' }, where.child('podAffinityTerm'), report);
  }
}

function checkTerm(term: PodAffinityTerm, at: FieldPath, report: Report): void {
  const { labelSelector, namespaceSelector, namespaces, topologyKey } = term;
  checkSelector(labelSelector, at, 'labelSelector', report);
  checkSelector(namespaceSelector, at, 'namespaceSelector', report);
  if (namespaces) for (const name of namespaces) report.problems(at, 'namespace', name, isDNS1123Label(name));
  checkLabelKeys(term, at, report);
  if (!topologyKey) report.required(at, 'topologyKey', 'can not be empty');
  report.problems(at, 'topologyKey', topologyKey ?? '', isQualifiedName(topologyKey ?? ''));
}

export function checkSelector(selector: LabelSelector | undefined, at: FieldPath, where: string, report: Report): void {
  if (selector) report.add(validateLabelSelector(selector, at.child(where)));
}

function checkLabelKeys({ matchLabelKeys, mismatchLabelKeys, labelSelector }: PodAffinityTerm, at: FieldPath, report: Report): void {
  checkKeys(matchLabelKeys, labelSelector, at, 'matchLabelKeys', report);
  checkKeys(mismatchLabelKeys, labelSelector, at, 'mismatchLabelKeys', report);
  if (!matchLabelKeys) return;
  for (const [index, key] of matchLabelKeys.entries()) {
    if (labelSelector && isSelectedTwice(key, labelSelector))
      report.invalid(at, `[${index}]`, key, 'exists in both matchLabelKeys and labelSelector');
    if (mismatchLabelKeys?.includes(key))
      report.invalid(at, `matchLabelKeys[${index}]`, key, 'exists in both matchLabelKeys and mismatchLabelKeys');
  }
}

/** The keys have already become requirements of the selector: a key that is there twice was there before. */
export function isSelectedTwice(key: string, { matchLabels, matchExpressions = [] }: LabelSelector): boolean {
  const expressions = matchExpressions.filter((expression) => expression.key === key).length;
  return expressions > 1 || (expressions === 1 && matchLabels?.[key] !== undefined);
}

function checkKeys(
  keys: readonly string[] | undefined,
  selector: LabelSelector | undefined,
  at: FieldPath,
  where: string,
  report: Report,
): void {
  if (!keys?.length) return;
  if (!selector) {
    report.forbidden(at, where, 'must not be specified when labelSelector is not set');
    return;
  }
  for (const [index, key] of keys.entries()) report.problems(at, `${where}[${index}]`, key, isQualifiedName(key));
}
