import type { Cluster } from '../../cluster.ts';
import type { AnyObject, Verb } from '../../types.ts';
import { generator, nameOf, requireFlags } from './generator.ts';

const rbac = 'rbac.authorization.k8s.io';

const ruleFlags = {
  resource: { type: 'list', help: 'Resource that the rule applies to' },
  'resource-name': { type: 'array', help: 'Resource in the white list that the rule applies to, repeat this flag for multiple items' },
  verb: { type: 'list', help: 'Verb that applies to the resources contained in the rule' },
} as const;

const subjectFlags = {
  group: { type: 'array', help: 'Groups to bind to the role. The flag can be repeated to add multiple groups.' },
  serviceaccount: { type: 'array', help: 'Service accounts to bind to the role, in the format <namespace>:<name>.' },
  user: { type: 'array', help: 'Usernames to bind to the role. The flag can be repeated to add multiple users.' },
} as const;

interface RuleFlags {
  readonly resource: readonly string[];
  readonly 'resource-name': readonly string[];
  readonly verb: readonly string[];
}

/** One rule for each API group the resources are of. */
async function rulesOf(cluster: Cluster, { resource, 'resource-name': names, verb }: RuleFlags): Promise<object[]> {
  if (verb.length === 0) throw new Error('at least one verb must be specified');
  if (resource.length === 0) throw new Error('at least one resource must be specified');
  const groups = new Map<string, string[]>();
  for (const each of resource) {
    const [type = '', subresource] = each.split('/');
    const { group, resource: plural } = await resolve(cluster, type);
    groups.set(group, [...(groups.get(group) ?? []), subresource ? `${plural}/${subresource}` : plural]);
  }
  const verbs = verb.includes('*') ? ['*'] : [...new Set(verb)];
  return [...groups].map(([group, resources]) => ({
    apiGroups: [group],
    ...(names.length > 0 ? { resourceNames: [...names] } : {}),
    resources: [...new Set(resources)],
    verbs,
  }));
}

async function resolve(cluster: Cluster, type: string): Promise<{ group: string; resource: string }> {
  if (type === '*') return { group: '*', resource: '*' };
  return (await cluster.mapper()).resolve(type);
}

function subjectsOf({ user, group, serviceaccount }: { readonly [K in keyof typeof subjectFlags]: readonly string[] }): object[] {
  return [
    ...user.map((name) => ({ apiGroup: rbac, kind: 'User', name })),
    ...group.map((name) => ({ apiGroup: rbac, kind: 'Group', name })),
    ...serviceaccount.map((each) => {
      const [namespace, name, ...more] = each.split(':');
      if (!namespace || !name || more.length > 0) throw new Error('serviceaccount must be <namespace>:<name>');
      return { kind: 'ServiceAccount', name, namespace };
    }),
  ];
}

function binding(kind: string, name: string, roleKind: string, role: string, subjects: readonly object[]): AnyObject {
  const roleRef = { apiGroup: rbac, kind: roleKind, name: role };
  return { apiVersion: `${rbac}/v1`, kind, metadata: { name }, roleRef, ...(subjects.length > 0 ? { subjects } : {}) };
}

export const role: Verb = generator(
  'role NAME --verb=verb --resource=resource.group/subresource [--resource-name=resourcename]',
  ruleFlags,
  async (context) => ({
    apiVersion: `${rbac}/v1`,
    kind: 'Role',
    metadata: { name: nameOf(context) },
    rules: await rulesOf(context.cluster, context.flags),
  }),
);

export const clusterRole: Verb = generator(
  'clusterrole NAME --verb=verb --resource=resource.group [--resource-name=resourcename]',
  {
    ...ruleFlags,
    'aggregation-rule': { type: 'list', help: 'An aggregation label selector for combining ClusterRoles.' },
    'non-resource-url': { type: 'list', help: 'A partial url that user should have access to.' },
  },
  async (context) => {
    const { flags, cluster } = context;
    const head = { apiVersion: `${rbac}/v1`, kind: 'ClusterRole', metadata: { name: nameOf(context) } };
    if (flags['aggregation-rule'].length > 0) {
      const matchLabels = Object.fromEntries(flags['aggregation-rule'].map((pair) => pair.split('=')));
      return { ...head, aggregationRule: { clusterRoleSelectors: [{ matchLabels }] }, rules: [] };
    }
    const urls = flags['non-resource-url'];
    const byUrl = urls.length > 0 ? [{ nonResourceURLs: [...urls], verbs: [...flags.verb] }] : [];
    const rules = urls.length > 0 && flags.resource.length === 0 ? [] : await rulesOf(cluster, flags);
    return { ...head, rules: [...rules, ...byUrl] };
  },
);

export const roleBinding: Verb = generator(
  'rolebinding NAME --clusterrole=NAME|--role=NAME [--user=username] [--group=groupname] [--serviceaccount=namespace:serviceaccountname]',
  {
    ...subjectFlags,
    clusterrole: { type: 'string', help: 'ClusterRole this RoleBinding should reference' },
    role: { type: 'string', help: 'Role this RoleBinding should reference' },
  },
  (context) => {
    const { clusterrole, role: roleName } = context.flags;
    if ((clusterrole === '') === (roleName === '')) throw new Error('exactly one of clusterrole or role must be specified');
    return binding('RoleBinding', nameOf(context), roleName ? 'Role' : 'ClusterRole', roleName || clusterrole, subjectsOf(context.flags));
  },
);

export const clusterRoleBinding: Verb = generator(
  'clusterrolebinding NAME --clusterrole=NAME [--user=username] [--group=groupname] [--serviceaccount=namespace:serviceaccountname]',
  { ...subjectFlags, clusterrole: { type: 'string', help: 'ClusterRole this ClusterRoleBinding should reference' } },
  (context) => {
    const { clusterrole } = context.flags;
    requireFlags(context, 'clusterrole');
    return binding('ClusterRoleBinding', nameOf(context), 'ClusterRole', clusterrole, subjectsOf(context.flags));
  },
);
