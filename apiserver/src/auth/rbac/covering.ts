import type { PolicyRule } from '@keelson/types';

/** True when `held` together grant all that `rule` grants. */
export function covers(held: readonly PolicyRule[], rule: PolicyRule): boolean {
  return missing(held, [rule]).length === 0;
}

/** What of `wanted` nobody who has `held` has: rules of one resource each, with the verbs that are missing. */
export function missing(held: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] {
  const lacking = new Map<string, PolicyRule & { verbs: string[] }>();
  for (const { verb, ...place } of wanted.flatMap(breakDown)) {
    if (held.some((rule) => grantsAtom(rule, { verb, ...place }))) continue;
    const key = JSON.stringify(place);
    const rule = lacking.get(key) ?? { ...asRule(place), verbs: [] };
    if (!rule.verbs.includes(verb)) rule.verbs.push(verb);
    lacking.set(key, rule);
  }
  return [...lacking.values()];
}

/** One verb on one thing. */
interface Atom {
  readonly verb: string;
  readonly url?: string;
  readonly group?: string;
  readonly resource?: string;
  readonly name?: string;
}

function breakDown({ verbs, apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] }: PolicyRule): Atom[] {
  const names = resourceNames.length > 0 ? resourceNames.map((name) => ({ name })) : [{}];
  const places = apiGroups.flatMap((group) => resources.flatMap((resource) => names.map((name) => ({ group, resource, ...name }))));
  return verbs.flatMap((verb) => [...places.map((place) => ({ verb, ...place })), ...nonResourceURLs.map((url) => ({ verb, url }))]);
}

function asRule({ url, group, resource, name }: Omit<Atom, 'verb'>): Omit<PolicyRule, 'verbs'> {
  if (url !== undefined) return { nonResourceURLs: [url] };
  return { apiGroups: [group ?? ''], resources: [resource ?? ''], ...(name === undefined ? {} : { resourceNames: [name] }) };
}

function grantsAtom(rule: PolicyRule, { verb, url, group = '', resource = '', name }: Atom): boolean {
  if (!has(rule.verbs, verb)) return false;
  if (url !== undefined) return (rule.nonResourceURLs ?? []).some((held) => held === '*' || held === url || isPrefix(held, url));
  if (!has(rule.apiGroups ?? [], group) || !hasResource(rule.resources ?? [], resource)) return false;
  return !rule.resourceNames?.length || (name !== undefined && rule.resourceNames.includes(name));
}

function has(held: readonly string[], value: string): boolean {
  return held.includes('*') || held.includes(value);
}

function hasResource(held: readonly string[], resource: string): boolean {
  const slash = resource.indexOf('/');
  return has(held, resource) || (slash >= 0 && held.includes(`*${resource.slice(slash)}`));
}

function isPrefix(held: string, url: string): boolean {
  return held.endsWith('*') && url.startsWith(held.slice(0, -1));
}
