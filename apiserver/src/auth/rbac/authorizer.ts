import { ClusterRole, ClusterRoleBinding, type PolicyRule, Role, RoleBinding, type Subject } from '@keelson/types';
import { type Change, follow } from '../../registry/follow.ts';
import type { Registry } from '../../registry/registry.ts';
import type { AuthorizationAttributes, Authorizer, Decision, UserInfo } from '../types.ts';
import { grants } from './rules.ts';

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

/** RBAC over the cached roles and bindings, kept as grants per subject: a change costs what it changes, a decision looks up the user and its groups. */
export function rbacAuthorizer(registry: Registry): RbacAuthorizer {
  const rules = new Map<string, readonly PolicyRule[]>();
  const bySubject = new Map<string, Map<string, Grant>>();
  for (const kind of [Role, ClusterRole]) follow(registry, kind, (change) => keepRole(rules, kind.kind, change));
  for (const kind of [RoleBinding, ClusterRoleBinding]) {
    const subjectsOf = new Map<string, readonly string[]>();
    follow(registry, kind, (change) => keepBinding(bySubject, subjectsOf, kind.kind, change));
  }
  const grantsOf = (user: UserInfo, namespace: string): Grant[] => {
    const subjects = [`User ${user.name}`, ...user.groups.map((group) => `Group ${group}`)];
    const all = subjects.flatMap((subject) => [...(bySubject.get(subject)?.values() ?? [])]);
    return all.filter((grant) => grant.namespace === '' || grant.namespace === namespace);
  };
  return {
    name: 'RBAC',
    rulesOf: (user, namespace) => grantsOf(user, namespace).flatMap(({ role }) => rules.get(role) ?? []),
    knownRules: (user, namespace) => ({ rules: grantsOf(user, namespace).flatMap(({ role }) => rules.get(role) ?? []), problems: [] }),
    authorize: (attributes) => decide(grantsOf(attributes.user, attributes.isResource ? attributes.namespace : ''), rules, attributes),
  };
}

function decide(all: readonly Grant[], rules: ReadonlyMap<string, readonly PolicyRule[]>, asked: AuthorizationAttributes): Decision {
  const missing = new Set<string>();
  for (const grant of all) {
    const granted = rules.get(grant.role);
    if (!granted) missing.add(grant.missing);
    else if (granted.some((rule) => grants(rule, asked))) return { type: 'allow', reason: `RBAC: allowed by ${grant.text}` };
  }
  const errors = [...missing];
  if (errors.length === 0) return { type: 'noOpinion', reason: '' };
  return { type: 'noOpinion', reason: `RBAC: ${errors.length === 1 ? errors[0] : `[${errors.join(', ')}]`}` };
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
