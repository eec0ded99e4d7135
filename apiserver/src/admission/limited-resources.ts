import { type Counted, compareStrings, quotaApplies, type Resources } from '@keelson/machinery';
import type { Pod, ResourceQuota, ScopedResourceSelectorRequirement } from '@keelson/types';

/** What can be used only where a quota speaks of it. */
export interface LimitedResource {
  readonly apiGroup?: string;
  readonly resource: string;
  /** Parts of names of what is used. */
  readonly matchContains?: readonly string[];
  readonly matchScopes?: readonly ScopedResourceSelectorRequirement[];
}

const kinds = ['ResourceQuotaConfiguration apiserver.config.k8s.io/v1', 'Configuration resourcequota.admission.k8s.io/v1beta1'];

/** @throws Error in one sentence. */
export function parseLimitedResources(document: unknown): readonly LimitedResource[] {
  const stated = (document ?? {}) as { kind?: string; apiVersion?: string; limitedResources?: readonly LimitedResource[] };
  if (!kinds.includes(`${stated.kind} ${stated.apiVersion}`))
    throw new Error('expected a ResourceQuotaConfiguration of apiserver.config.k8s.io/v1');
  const limited = stated.limitedResources ?? [];
  const index = limited.findIndex(({ resource }) => !resource);
  if (index >= 0) throw new Error(`limitedResources[${index}].resource: Required value`);
  return limited;
}

/** Why what is about to be made needs a quota it does not have, in upstream's words; undefined when it does not. `usage`: what it would use. */
export function missingQuota(
  limited: readonly LimitedResource[],
  { group, resource }: Counted,
  { object, usage, quotas }: { object: unknown; usage: Resources; quotas: readonly ResourceQuota[] },
): string | undefined {
  const here = limited.filter((one) => (one.apiGroup ?? '') === group && one.resource === resource);
  if (here.length === 0) return undefined;
  return (
    uncoveredScopes(here, group === '' && resource === 'pods' ? (object as Pod) : undefined, quotas) ?? uncoveredNames(here, usage, quotas)
  );
}

function uncoveredScopes(limited: readonly LimitedResource[], pod: Pod | undefined, quotas: readonly ResourceQuota[]): string | undefined {
  if (!pod) return undefined;
  const asked = limited.flatMap(({ matchScopes = [] }) => matchScopes).filter((scope) => quotaApplies(quotaOf(scope), pods, pod));
  const covered = new Set(quotas.filter((quota) => quotaApplies(quota, pods, pod)).flatMap((quota) => scopesOf(quota).map(scopeText)));
  const missing = asked.map(scopeText).filter((text) => !covered.has(text));
  return missing.length > 0 ? `insufficient quota to match these scopes: [${missing.join(' ')}]` : undefined;
}

const pods: Counted = { group: '', resource: 'pods' };

function scopesOf({ spec }: ResourceQuota): ScopedResourceSelectorRequirement[] {
  const plain = (spec?.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists' }));
  return [...plain, ...(spec?.scopeSelector?.matchExpressions ?? [])];
}

function quotaOf(scope: ScopedResourceSelectorRequirement): ResourceQuota {
  return { metadata: {}, spec: { scopeSelector: { matchExpressions: [scope] } } } as ResourceQuota;
}

function scopeText({ scopeName, operator, values = [] }: ScopedResourceSelectorRequirement): string {
  return `{${scopeName} ${operator} [${values.join(' ')}]}`;
}

function uncoveredNames(limited: readonly LimitedResource[], usage: Resources, quotas: readonly ResourceQuota[]): string | undefined {
  const parts = limited.flatMap(({ matchContains = [] }) => matchContains);
  const covered = new Set(quotas.flatMap(({ spec, status }) => Object.keys(status?.hard ?? spec?.hard ?? {})));
  const missing = Object.keys(usage).filter((name) => parts.some((part) => name.includes(part)) && !covered.has(name));
  return missing.length > 0 ? `insufficient quota to consume: ${missing.sort(compareStrings).join(',')}` : undefined;
}
