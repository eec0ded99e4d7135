import { compareStrings, equal, labelSelectorMatcher } from '@keelson/machinery';
import type { ClusterRole, PolicyRule } from '@keelson/types';

/** The rules of all roles that an aggregated role selects, in the order of selectors and names, each once. */
export function aggregatedRules(role: ClusterRole, all: readonly ClusterRole[]): PolicyRule[] {
  const byName = all.toSorted((a, b) => compareStrings(a.metadata.name ?? '', b.metadata.name ?? ''));
  const rules: PolicyRule[] = [];
  for (const selector of role.aggregationRule?.clusterRoleSelectors ?? []) {
    const matcher = labelSelectorMatcher(selector);
    const selected = byName.filter(({ metadata }) => metadata.name !== role.metadata.name && matcher.matches(metadata.labels));
    for (const rule of selected.flatMap((one) => one.rules ?? [])) if (!rules.some((known) => equal(known, rule))) rules.push(rule);
  }
  return rules;
}

/** The role with the rules it aggregates, or undefined when it has them or aggregates none. */
export function planAggregation(role: ClusterRole, all: readonly ClusterRole[]): ClusterRole | undefined {
  if (!role.aggregationRule) return undefined;
  const rules = aggregatedRules(role, all);
  return equal(rules, role.rules ?? []) ? undefined : { ...role, rules };
}
