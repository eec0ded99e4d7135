import { ClusterRole, ClusterRoleBinding, type PolicyRule, Role, RoleBinding, type RoleRef, type Subject } from '@keelson/types';
import type { Registry } from '../../registry/registry.ts';
import { plainObjects } from '../../registry/watchers.ts';
import type { AuthorizationAttributes, Authorizer, Decision, UserInfo } from '../types.ts';
import { grants } from './rules.ts';

interface Grant {
  /** Empty: cluster-wide. */
  readonly namespace: string;
  readonly rules: readonly PolicyRule[];
  /** Shown as the reason. */
  readonly binding: string;
  readonly role: string;
}

/**
 * RBAC from the cached roles and bindings, compiled to grants per subject and compiled anew after any of them changed: a decision looks
 * up the user and its groups and nothing else.
 */
export function rbacAuthorizer(registry: Registry): Authorizer & { grantsOf(user: UserInfo): readonly Grant[] } {
  let compiled: Map<string, Grant[]> | undefined;
  const forget = (): void => {
    compiled = undefined;
  };
  for (const kind of [Role, ClusterRole, RoleBinding, ClusterRoleBinding]) {
    const selection = { namespace: undefined, fieldEquals: {}, matches: () => true };
    registry.of(kind).cache.watchers.add({ selection, representation: plainObjects, deliver: forget });
  }
  const grantsOf = (user: UserInfo): Grant[] => {
    compiled ??= compile(registry);
    const subjects = [`User ${user.name}`, ...user.groups.map((group) => `Group ${group}`)];
    return subjects.flatMap((subject) => compiled?.get(subject) ?? []);
  };
  return { name: 'RBAC', grantsOf, authorize: (attributes) => decide(grantsOf(attributes.user), attributes) };
}

function decide(all: readonly Grant[], attributes: AuthorizationAttributes): Decision {
  for (const { namespace, rules, binding, role } of all) {
    if (namespace !== '' && namespace !== attributes.namespace) continue;
    if (rules.some((rule) => grants(rule, attributes))) return { type: 'allow', reason: `RBAC: allowed by ${binding} of ${role}` };
  }
  return { type: 'noOpinion', reason: '' };
}

function compile(registry: Registry): Map<string, Grant[]> {
  const bySubject = new Map<string, Grant[]>();
  const clusterRoles = new Map([...registry.all(ClusterRole)].map((role) => [role.metadata.name, role.rules ?? []]));
  const roles = new Map([...registry.all(Role)].map((role) => [`${role.metadata.namespace}/${role.metadata.name}`, role.rules ?? []]));
  const add = (subjects: readonly Subject[] | undefined, grant: Grant): void => {
    for (const subject of subjects ?? []) {
      const key = subjectKey(subject, grant.namespace);
      const list = bySubject.get(key);
      if (list) list.push(grant);
      else bySubject.set(key, [grant]);
    }
  };
  for (const { metadata, roleRef, subjects } of registry.all(ClusterRoleBinding)) {
    const rules = clusterRoles.get(roleRef.name) ?? [];
    add(subjects, { namespace: '', rules, binding: `ClusterRoleBinding "${metadata.name}"`, role: roleText(roleRef) });
  }
  for (const { metadata, roleRef, subjects } of registry.all(RoleBinding)) {
    const { name, namespace = '' } = metadata;
    const rules = (roleRef.kind === 'ClusterRole' ? clusterRoles.get(roleRef.name) : roles.get(`${namespace}/${roleRef.name}`)) ?? [];
    add(subjects, { namespace, rules, binding: `RoleBinding "${name}/${namespace}"`, role: roleText(roleRef) });
  }
  return bySubject;
}

function roleText({ kind, name }: RoleRef): string {
  return `${kind} "${name}"`;
}

function subjectKey({ kind, name, namespace }: Subject, bindingNamespace: string): string {
  if (kind !== 'ServiceAccount') return `${kind} ${name}`;
  return `User system:serviceaccount:${namespace || bindingNamespace}:${name}`;
}
