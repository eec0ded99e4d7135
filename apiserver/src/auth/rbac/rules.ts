import type { PolicyRule } from '@keelson/types';
import type { AuthorizationAttributes } from '../types.ts';

/** Whether one rule grants what is asked, as RBAC defines it. */
export function grants(rule: PolicyRule, asked: AuthorizationAttributes): boolean {
  if (!covers(rule.verbs, asked.verb)) return false;
  if (!asked.isResource) return (rule.nonResourceURLs ?? []).some((pattern) => coversPath(pattern, asked.path));
  if (!covers(rule.apiGroups ?? [], asked.group)) return false;
  if (!coversResource(rule.resources ?? [], asked.resource, asked.subresource)) return false;
  return !rule.resourceNames?.length || rule.resourceNames.includes(asked.name);
}

function covers(allowed: readonly string[], value: string): boolean {
  return allowed.includes('*') || allowed.includes(value);
}

function coversResource(allowed: readonly string[], resource: string, subresource: string): boolean {
  const full = subresource ? `${resource}/${subresource}` : resource;
  return allowed.includes('*') || allowed.includes(full) || (subresource !== '' && allowed.includes(`*/${subresource}`));
}

function coversPath(pattern: string, path: string): boolean {
  if (pattern === '*' || pattern === path) return true;
  return pattern.endsWith('*') && path.startsWith(pattern.slice(0, -1));
}
