import { equal, forbidden, goQuote, notFound } from '@keelson/machinery';
import { ClusterRole, ClusterRoleBinding, type PolicyRule, Role, RoleBinding, type RoleRef } from '@keelson/types';
import type { AdmissionAttributes, AdmissionPlugin } from '../../admission/types.ts';
import type { Decision, UserInfo } from '../types.ts';
import { covers, missing } from './covering.ts';

export interface EscalationContext {
  /** Rules that hold for a user in a namespace. */
  rulesOf(user: UserInfo, namespace: string): readonly PolicyRule[];
  /** Whether the user has the verb `escalate` or `bind` on a role. */
  may(user: UserInfo, verb: 'bind' | 'escalate', resource: string, namespace: string, name: string): Promise<Decision>;
}

type AnyRole = Role | ClusterRole;
type AnyBinding = RoleBinding | ClusterRoleBinding;

const everything: readonly PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
];

/**
 * Nobody grants by a role or binding what they do not have themselves, unless they may `escalate` or `bind` that role. No plugin of
 * Kubernetes' own: there the storage of roles does it, so it cannot be left out either.
 */
export function escalationCheck(context: () => EscalationContext): AdmissionPlugin {
  return {
    name: 'RBACEscalation',
    validate(attributes) {
      const { store, operation, user, object, old } = attributes;
      if (operation !== 'CREATE' && operation !== 'UPDATE') return undefined;
      if (user.groups.includes('system:masters') || onlyForGarbageCollection(object, old)) return undefined;
      const { typeName } = store.kind;
      if (typeName === Role.typeName || typeName === ClusterRole.typeName) return checkRole(context(), attributes);
      if (typeName === RoleBinding.typeName || typeName === ClusterRoleBinding.typeName) return checkBinding(context(), attributes);
      return undefined;
    },
  };
}

/** Finalizers and owners change without anybody being granted anything. */
function onlyForGarbageCollection(object: unknown, old: unknown): boolean {
  if (!object || !old) return false;
  const rest = (value: unknown): object => {
    const { metadata, ...members } = value as AnyRole;
    const { finalizers: _finalizers, ownerReferences: _owners, ...meta } = metadata;
    return { ...members, meta };
  };
  return equal(rest(object), rest(old));
}

async function checkRole(context: EscalationContext, attributes: AdmissionAttributes): Promise<void> {
  const { user, store, namespace, name } = attributes;
  const role = attributes.object as AnyRole;
  const decision = await context.may(user, 'escalate', store.kind.resource, namespace, name);
  if (decision.type === 'allow') return;
  const aggregates = 'aggregationRule' in role && role.aggregationRule;
  if (aggregates && !everything.every((rule) => covers(context.rulesOf(user, ''), rule)))
    throw forbidden(store.groupResource, name, 'must have cluster-admin privileges to use an aggregationRule');
  mustHold(context, attributes, role.rules ?? []);
}

async function checkBinding(context: EscalationContext, attributes: AdmissionAttributes): Promise<void> {
  const { user, namespace, registry } = attributes;
  const { roleRef } = attributes.object as AnyBinding;
  const local = roleRef.kind === 'Role';
  const decision = await context.may(user, 'bind', local ? 'roles' : 'clusterroles', namespace, roleRef.name);
  if (decision.type === 'allow') return;
  const role = await registry.readFresh(local ? Role : ClusterRole, local ? namespace : '', roleRef.name);
  if (!role) throw notFound(resourceOf(roleRef), roleRef.name);
  mustHold(context, attributes, role.rules ?? []);
}

function resourceOf({ kind, apiGroup }: RoleRef): { group: string; resource: string } {
  return { group: apiGroup ?? '', resource: kind === 'Role' ? 'roles' : 'clusterroles' };
}

function mustHold(context: EscalationContext, { user, namespace, store, name }: AdmissionAttributes, rules: readonly PolicyRule[]): void {
  const lacking = missing(context.rulesOf(user, namespace), rules);
  if (lacking.length === 0) return;
  const groups = `[${user.groups.map(goQuote).join(' ')}]`;
  const why = `user ${goQuote(user.name)} (groups=${groups}) is attempting to grant RBAC permissions not currently held:`;
  throw forbidden(store.groupResource, name, [why, ...lacking.map(ruleText)].join('\n'));
}

/** `{APIGroups:[""], Resources:["pods"], Verbs:["get"]}` */
function ruleText({ apiGroups, resources, resourceNames, nonResourceURLs, verbs }: PolicyRule): string {
  const parts = Object.entries({
    NonResourceURLs: nonResourceURLs,
    APIGroups: apiGroups,
    Resources: resources,
    ResourceNames: resourceNames,
    Verbs: verbs,
  });
  const shown = parts.flatMap(([name, values]) => (values?.length ? [`${name}:[${values.map(goQuote).join(' ')}]`] : []));
  return `{${shown.join(', ')}}`;
}
