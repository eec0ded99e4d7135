import { labelSelectorMatcher } from '@keelson/machinery';
import type { LabelSelector, RuleWithOperations } from '@keelson/types';

/** One write, as rules and selectors look at it. */
export interface Subject {
  readonly operation: string;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  /** Empty for the main resource. */
  readonly subresource: string;
  readonly namespaced: boolean;
  readonly labels: readonly (Readonly<Record<string, string>> | undefined)[];
  /** Labels of the namespace it is in, or of the namespace it is; undefined for anything else. */
  readonly namespaceLabels: Readonly<Record<string, string>> | undefined;
}

/** What decides whether something is asked about a write: of webhooks and of policies. */
export interface Criteria {
  readonly rules?: readonly RuleWithOperations[] | undefined;
  readonly namespaceSelector?: LabelSelector | undefined;
  readonly objectSelector?: LabelSelector | undefined;
}

export function matches({ rules = [], namespaceSelector, objectSelector }: Criteria, subject: Subject): boolean {
  if (!rules.some((rule) => ruleMatches(rule, subject))) return false;
  const { namespaceLabels, labels } = subject;
  if (namespaceLabels && namespaceSelector && !labelSelectorMatcher(namespaceSelector).matches(namespaceLabels)) return false;
  if (!objectSelector || isEmpty(objectSelector)) return true;
  const selects = labelSelectorMatcher(objectSelector);
  return labels.some((one) => one !== undefined && selects.matches(one));
}

function isEmpty({ matchLabels, matchExpressions }: LabelSelector): boolean {
  return Object.keys(matchLabels ?? {}).length === 0 && (matchExpressions ?? []).length === 0;
}

export function ruleMatches(rule: RuleWithOperations, subject: Subject): boolean {
  const { operations = [], apiGroups = [], apiVersions = [], resources = [], scope = '*' } = rule;
  const has = (list: readonly string[], value: string): boolean => list.includes('*') || list.includes(value);
  if (!has(operations, subject.operation) || !has(apiGroups, subject.group) || !has(apiVersions, subject.version)) return false;
  if (scope === 'Namespaced' && !subject.namespaced) return false;
  if (scope === 'Cluster' && subject.namespaced) return false;
  return resources.some((text) => resourceMatches(text, subject));
}

/** `pods`, `pods/status`, `pods/*`, `*`, `*` with a subresource, and everything with everything. */
function resourceMatches(text: string, { resource, subresource }: Subject): boolean {
  const [name = '', below = ''] = text.split('/');
  return (name === '*' || name === resource) && (below === subresource || (below === '*' && text.includes('/')));
}
