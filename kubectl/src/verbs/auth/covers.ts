import type { PolicyRule } from '@keelson/types';

/** Each rule as rules of one verb of one thing. */
export function singleRules(rules: readonly PolicyRule[]): PolicyRule[] {
  return rules.flatMap((rule) =>
    rule.verbs.flatMap((verb) => [
      ...(rule.nonResourceURLs ?? []).map((url) => ({ verbs: [verb], nonResourceURLs: [url] })),
      ...(rule.apiGroups ?? []).flatMap((group) => (rule.resources ?? []).flatMap((resource) => named(rule, verb, group, resource))),
    ]),
  );
}

function named({ resourceNames = [] }: PolicyRule, verb: string, group: string, resource: string): PolicyRule[] {
  const rule = { verbs: [verb], apiGroups: [group], resources: [resource] };
  return resourceNames.length === 0 ? [rule] : resourceNames.map((name) => ({ ...rule, resourceNames: [name] }));
}

/** What of `wanted` no rule of `owned` allows, as rules of one verb of one thing. */
export function uncovered(owned: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] {
  return singleRules(wanted).filter((one) => !owned.some((rule) => covers(rule, one)));
}

function covers(owner: PolicyRule, { verbs, apiGroups, resources, resourceNames, nonResourceURLs }: PolicyRule): boolean {
  if (!includes(owner.verbs, verbs[0])) return false;
  if (nonResourceURLs) return (owner.nonResourceURLs ?? []).some((pattern) => urlCovers(pattern, nonResourceURLs[0] ?? ''));
  const names = owner.resourceNames ?? [];
  return (
    includes(owner.apiGroups ?? [], apiGroups?.[0]) &&
    (owner.resources ?? []).some((resource) => resourceCovers(resource, resources?.[0] ?? '')) &&
    (names.length === 0 || (resourceNames !== undefined && names.includes(resourceNames[0] ?? '')))
  );
}

function includes(all: readonly string[], one: string | undefined): boolean {
  return all.includes('*') || (one !== undefined && all.includes(one));
}

// `*` is everything, and with a subresource that of everything.
function resourceCovers(pattern: string, resource: string): boolean {
  if (pattern === '*' || pattern === resource) return true;
  return pattern.startsWith('*/') && resource.includes('/') && resource.endsWith(pattern.slice(1));
}

function urlCovers(pattern: string, url: string): boolean {
  return pattern === url || (pattern.endsWith('*') && url.startsWith(pattern.slice(0, -1)));
}
