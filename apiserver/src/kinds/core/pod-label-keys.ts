import type { LabelSelector, LabelSelectorRequirement, Pod } from '@keelson/types';

interface Selecting {
  labelSelector?: LabelSelector | undefined;
  readonly matchLabelKeys?: readonly string[] | undefined;
  readonly mismatchLabelKeys?: readonly string[] | undefined;
}

/** A new pod's own values of the labels it names in `matchLabelKeys` and `mismatchLabelKeys` become requirements of the selectors beside them. */
export function selectOwnLabels({ metadata: { labels = {} }, spec }: Pod): void {
  const { podAffinity, podAntiAffinity } = spec?.affinity ?? {};
  for (const affinity of [podAffinity, podAntiAffinity]) {
    for (const term of affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []) narrow(term, labels);
    for (const { podAffinityTerm } of affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []) narrow(podAffinityTerm, labels);
  }
  for (const constraint of spec?.topologySpreadConstraints ?? []) narrow(constraint, labels);
}

function narrow(term: Selecting | undefined, labels: Readonly<Record<string, string>>): void {
  if (!term?.labelSelector) return;
  const added = [...requirements(term.matchLabelKeys, 'In', labels), ...requirements(term.mismatchLabelKeys, 'NotIn', labels)];
  if (added.length === 0) return;
  term.labelSelector = { ...term.labelSelector, matchExpressions: [...(term.labelSelector.matchExpressions ?? []), ...added] };
}

function requirements(
  keys: readonly string[] | undefined,
  operator: 'In' | 'NotIn',
  labels: Readonly<Record<string, string>>,
): LabelSelectorRequirement[] {
  return (keys ?? []).flatMap((key) => {
    const value = labels[key];
    return value === undefined ? [] : [{ key, operator, values: [value] }];
  });
}
