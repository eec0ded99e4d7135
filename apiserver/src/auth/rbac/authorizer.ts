import { ClusterRole, ClusterRoleBinding, type PolicyRule, Role, RoleBinding, type Subject } from '@keelson/types';
import { type Change, follow } from '../../registry/follow.ts';
import type { Registry } from '../../registry/registry.ts';
import type { Authorizer, UserInfo } from '../types.ts';
import { CompiledRoles, type HeldRole } from './compiled.ts';

/** One subject's side of one binding. */
interface Grant {
  /** Where it holds; empty: everywhere. */
  readonly namespace: string;
  /** Key of the role. */
  readonly role: string;
  /** Shown as the reason. */
  readonly text: string;
  /** The role as errors name it. */
  readonly missing: string;
}

type AnyBinding = RoleBinding | ClusterRoleBinding;

export interface RbacAuthorizer extends Authorizer {
  /** All rules that hold for a user in a namespace. */
  rulesOf(user: UserInfo, namespace: string): readonly PolicyRule[];
}

/** Users and namespaces of which it is kept what they come to; past it all are worked out anew. */
const mostCompiled = 4096;

/**
 * RBAC over the cached roles and bindings, kept as grants per subject: a change costs what it changes. What a user holds in a namespace is
 * worked out once, until any role or binding changes.
 */
export function rbacAuthorizer(registry: Registry): RbacAuthorizer {
  const rules = new Map<string, readonly PolicyRule[]>();
  const bySubject = new Map<string, Map<string, Grant>>();
  const compiled = new Map<string, CompiledRoles>();
  for (const kind of [Role, ClusterRole]) {
    follow(registry, kind, (change) => {
      compiled.clear();
      keepRole(rules, kind.kind, change);
    });
  }
  for (const kind of [RoleBinding, ClusterRoleBinding]) {
    const subjectsOf = new Map<string, readonly string[]>();
    follow(registry, kind, (change) => {
      compiled.clear();
      keepBinding(bySubject, subjectsOf, kind.kind, change);
    });
  }
  const heldBy = ({ name, groups }: UserInfo, namespace: string): HeldRole[] => {
    const subjects = [`User ${name}`, ...groups.map((group) => `Group ${group}`)];
    const all = subjects.flatMap((subject) => [...(bySubject.get(subject)?.values() ?? [])]);
    const here = all.filter((grant) => grant.namespace === '' || grant.namespace === namespace);
    return here.map(({ role, text, missing }) => ({ rules: rules.get(role), text, missing }));
  };
  const rolesOf = (user: UserInfo, namespace: string): CompiledRoles => {
    const key = JSON.stringify([namespace, user.name, ...user.groups]);
    const known = compiled.get(key);
    if (known) return known;
    if (compiled.size >= mostCompiled) compiled.clear();
    const made = new CompiledRoles(heldBy(user, namespace));
    compiled.set(key, made);
    return made;
  };
  return {
    name: 'RBAC',
    rulesOf: (user, namespace) => rolesOf(user, namespace).rules,
    knownRules: (user, namespace) => ({ rules: rolesOf(user, namespace).rules, problems: [] }),
    authorize: (attributes) => rolesOf(attributes.user, attributes.isResource ? attributes.namespace : '').decide(attributes),
  };
}

function keepRole(rules: Map<string, readonly PolicyRule[]>, kind: string, { type, object }: Change<Role | ClusterRole>): void {
  const key = keyOf(kind, object.metadata.namespace, object.metadata.name);
  if (type === 'DELETED') rules.delete(key);
  else rules.set(key, object.rules ?? []);
}

function keepBinding(
  bySubject: Map<string, Map<string, Grant>>,
  subjectsOf: Map<string, readonly string[]>,
  kind: string,
  { type, object }: Change<AnyBinding>,
): void {
  const key = keyOf(kind, object.metadata.namespace, object.metadata.name);
  for (const subject of subjectsOf.get(key) ?? []) {
    const held = bySubject.get(subject);
    held?.delete(key);
    if (held?.size === 0) bySubject.delete(subject);
  }
  subjectsOf.delete(key);
  if (type === 'DELETED') return;
  const keys: string[] = [];
  for (const subject of object.subjects ?? []) {
    const who = subjectKey(subject, object.metadata.namespace ?? '');
    const held = bySubject.get(who) ?? new Map<string, Grant>();
    bySubject.set(who, held.set(key, grantOf(kind, object, subject)));
    keys.push(who);
  }
  subjectsOf.set(key, keys);
}

function grantOf(kind: string, { metadata, roleRef }: AnyBinding, subject: Subject): Grant {
  const { name, namespace = '' } = metadata;
  const place = namespace ? `${name}/${namespace}` : name;
  const who = subject.kind === 'ServiceAccount' ? `${subject.name}/${subject.namespace}` : subject.name;
  const role = keyOf(roleRef.kind, roleRef.kind === 'Role' ? namespace : '', roleRef.name);
  return {
    namespace,
    role,
    text: `${kind} "${place}" of ${roleRef.kind} "${roleRef.name}" to ${subject.kind} "${who}"`,
    missing: `${roleRef.kind.toLowerCase()}.rbac.authorization.k8s.io "${roleRef.name}" not found`,
  };
}

function keyOf(kind: string, namespace: string | undefined, name: string | undefined): string {
  return `${kind}/${namespace ?? ''}/${name ?? ''}`;
}

function subjectKey({ kind, name, namespace }: Subject, bindingNamespace: string): string {
  if (kind !== 'ServiceAccount') return `${kind} ${name}`;
  return `User system:serviceaccount:${namespace || bindingNamespace}:${name}`;
}
