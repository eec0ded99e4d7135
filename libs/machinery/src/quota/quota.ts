import type { Container, PersistentVolumeClaim, Pod, ResourceQuota } from '@keelson/types';
import { compareStrings } from '../go-text.ts';
import type { Resources } from '../podresources.ts';
import { addQuantities, compareQuantities, formatQuantity, parseQuantity, type Quantity, subtractQuantities } from '../quantity.ts';
import { quotaMatchesClaim, quotaMatchesPod, scopesOf } from './scopes.ts';
import type { Counted } from './usage.ts';

const zero = parseQuantity('0');

/** Whether a quota can have anything to say of an object. Quotas with scopes are about pods, or about claims by their classes. */
export function quotaApplies(quota: ResourceQuota, { group, resource }: Counted, object: unknown): boolean {
  if (group === '' && resource === 'pods') return quotaMatchesPod(quota, object as Pod);
  if (group === '' && resource === 'persistentvolumeclaims') return quotaMatchesClaim(quota, object as PersistentVolumeClaim);
  return scopesOf(quota.spec).length === 0;
}

/** Those amounts of `usage` that a quota limits. */
export function limitedBy(hard: Readonly<Record<string, string | number>> | undefined, usage: Resources): Resources {
  return Object.fromEntries(Object.entries(usage).filter(([name]) => hard?.[name] !== undefined));
}

/** What is used more than before; amounts that shrink are left to the count of all. */
export function growth(usage: Resources, before: Resources | undefined): Resources {
  const grown: Record<string, Quantity> = {};
  for (const [name, amount] of Object.entries(usage)) {
    const more = subtractQuantities(amount, before?.[name] ?? zero);
    if (more.nanos > 0n) grown[name] = more;
  }
  return grown;
}

/** A quota's `status.used` with `requested` added. @throws Error saying what is exceeded, with upstream's words. */
export function charge(quota: ResourceQuota, requested: Resources): Record<string, string> {
  const { hard = {}, used = {} } = quota.status ?? {};
  const names = Object.keys(requested).sort(compareStrings);
  const unknown = names.filter((name) => hard[name] === undefined || used[name] === undefined);
  const name = quota.metadata.name ?? '';
  if (unknown.length > 0) throw new Error(`status unknown for quota: ${name}, resources: ${unknown.join(',')}`);
  const next = Object.fromEntries(
    names.map((key) => [key, addQuantities(parseQuantity(used[key] ?? '0'), requested[key] ?? zero)]),
  ) as Record<string, Quantity>;
  const over = names.filter((key) => compareQuantities(next[key] ?? zero, parseQuantity(hard[key] ?? '0')) > 0);
  if (over.length > 0) {
    const print = (amounts: (key: string) => string): string => over.map((key) => `${key}=${amounts(key)}`).join(',');
    const asked = print((key) => formatQuantity(requested[key] ?? zero));
    throw new Error(
      `exceeded quota: ${name}, requested: ${asked}, used: ${print((key) => String(used[key]))}, limited: ${print((key) => String(hard[key]))}`,
    );
  }
  return { ...(used as Record<string, string>), ...Object.fromEntries(names.map((key) => [key, formatQuantity(next[key] ?? zero)])) };
}

/**
 * What a pod must say so that a quota can count it: every container its requests and limits of what the quota limits.
 * @returns upstream's words for what is missing, or undefined.
 */
export function missingAmounts(quota: ResourceQuota, pod: Pod): string | undefined {
  const missing = new Map<string, string[]>();
  for (const name of Object.keys(quota.status?.hard ?? quota.spec?.hard ?? {})) {
    const found = needed.exec(name);
    if (!found) continue;
    const [, bound = 'requests', resource = ''] = found;
    for (const container of [...pod.spec.containers, ...(pod.spec.initContainers ?? [])]) {
      if (says(pod, container, bound as 'requests' | 'limits', resource)) continue;
      missing.set(name, [...(missing.get(name) ?? []), container.name]);
    }
  }
  if (missing.size === 0) return undefined;
  const parts = [...missing].sort(([a], [b]) => compareStrings(a, b)).map(([name, names]) => `${name} for: ${names.join(',')}`);
  return `failed quota: ${quota.metadata.name}: must specify ${parts.join('; ')}`;
}

const needed = /^(?:(requests|limits)\.)?(cpu|memory)$/;

function says(pod: Pod, { resources }: Container, bound: 'requests' | 'limits', resource: string): boolean {
  return resources?.[bound]?.[resource] !== undefined || pod.spec.resources?.[bound]?.[resource] !== undefined;
}

/** Sums, for a quota's status: every name it limits, also those nothing uses. */
export function totalUsage(hard: Readonly<Record<string, string | number>>, usages: Iterable<Resources>): Record<string, string> {
  const total: Record<string, Quantity> = {};
  for (const usage of usages) {
    for (const [name, amount] of Object.entries(limitedBy(hard, usage))) {
      const present = total[name];
      total[name] = present ? addQuantities(present, amount) : amount;
    }
  }
  return Object.fromEntries(Object.keys(hard).map((name) => [name, formatQuantity(total[name] ?? zero)]));
}
