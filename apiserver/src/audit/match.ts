import type { UserInfo } from '../auth/types.ts';
import type { RequestInfo } from '../http/request-info.ts';
import type { GroupResources, Level, Policy, PolicyRule, Stage } from './policy.ts';

/** How a request is audited. */
export interface AuditConfig {
  readonly level: Level;
  readonly omitStages: ReadonlySet<Stage>;
  readonly omitManagedFields: boolean;
}

type Asked = Omit<RequestInfo, 'query' | 'rest' | 'version'>;

/** What the first rule that fits says; nothing is told where none does. `user` is undefined for who could not prove to be anybody. */
export function auditConfigOf(policy: Policy, info: Asked, user: UserInfo | undefined): AuditConfig {
  const rule = policy.rules.find((one) => fits(one, info, user));
  return {
    level: rule?.level ?? 'None',
    omitStages: new Set([...(policy.omitStages ?? []), ...(rule?.omitStages ?? [])]),
    omitManagedFields: rule?.omitManagedFields ?? policy.omitManagedFields ?? false,
  };
}

function fits(rule: PolicyRule, info: Asked, user: UserInfo | undefined): boolean {
  const { users = [], userGroups = [], verbs = [], namespaces = [], resources = [], nonResourceURLs = [] } = rule;
  if (users.length > 0 && !(user && users.includes(user.name))) return false;
  if (userGroups.length > 0 && !user?.groups.some((group) => userGroups.includes(group))) return false;
  if (verbs.length > 0 && !verbs.includes(info.verb)) return false;
  if (namespaces.length > 0 || resources.length > 0) {
    if (!info.isResource || (namespaces.length > 0 && !namespaces.includes(info.namespace))) return false;
    return resources.length === 0 || resources.some((group) => has(group, info));
  }
  return nonResourceURLs.length === 0 || (!info.isResource && nonResourceURLs.some((url) => leadsTo(url, info.path)));
}

function has({ group = '', resources = [], resourceNames = [] }: GroupResources, info: Asked): boolean {
  if (group !== '*' && group !== info.group) return false;
  if (resources.length === 0) return true;
  if (resourceNames.length > 0 && !resourceNames.includes(info.name)) return false;
  const { resource, subresource } = info;
  const names = ['*', subresource ? `${resource}/${subresource}` : resource, `${resource}/*`, ...(subresource ? [`*/${subresource}`] : [])];
  return resources.some((one) => names.includes(one));
}

function leadsTo(url: string, path: string): boolean {
  return url === '*' || url === path || (url.endsWith('*') && path.startsWith(url.slice(0, -1)));
}
