import { UsageError } from '../../errors.ts';
import type { AnyObject, Verb } from '../../types.ts';
import { generator, nameOf, requireFlags } from './generator.ts';
import { resourceRules, ruleFlags, urlRules, verbsOf } from './rules.ts';

const rbac = 'rbac.authorization.k8s.io';

export const subjectFlags = {
  group: { type: 'array', help: 'Groups to bind to the role. The flag can be repeated to add multiple groups.' },
  serviceaccount: { type: 'array', help: 'Service accounts to bind to the role, in the format <namespace>:<name>.' },
  user: { type: 'array', help: 'Usernames to bind to the role. The flag can be repeated to add multiple users.' },
} as const;

/** The subjects that flags name. @throws Error for a service account that is not `namespace:name`. */
export function subjectsOf({ user, group, serviceaccount }: { readonly [K in keyof typeof subjectFlags]: readonly string[] }): object[] {
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
    rules: await resourceRules(context.cluster, context.shell, context.flags),
  }),
);

export const clusterRole: Verb = generator(
  'clusterrole NAME --verb=verb --resource=resource.group [--resource-name=resourcename]',
  {
    ...ruleFlags,
    'aggregation-rule': { type: 'string', help: 'An aggregation label selector for combining ClusterRoles.' },
    'non-resource-url': { type: 'list', help: 'A partial url that user should have access to.' },
  },
  async (context) => {
    const { flags, cluster } = context;
    const head = { apiVersion: `${rbac}/v1`, kind: 'ClusterRole', metadata: { name: nameOf(context) } };
    const { 'aggregation-rule': aggregation, 'non-resource-url': urls } = flags;
    if (aggregation !== '') {
      if (urls.length + flags.verb.length + flags.resource.length + flags['resource-name'].length > 0)
        throw new Error('aggregation rule must be specified without nonResourceURLs, verbs, resources or resourceNames');
      return { ...head, aggregationRule: { clusterRoleSelectors: [{ matchLabels: labelsOf(aggregation.split(',')) }] }, rules: null };
    }
    verbsOf(flags);
    if (urls.length + flags.resource.length === 0) throw new Error('one of resource or nonResourceURL must be specified');
    const byUrl = urlRules(urls, flags);
    const rules = urls.length > 0 && flags.resource.length === 0 ? [] : await resourceRules(cluster, context.shell, flags);
    return { ...head, rules: [...rules, ...byUrl] };
  },
);

function labelsOf(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      if (at === -1)
        throw new UsageError(
          `invalid argument ${JSON.stringify(pair)} for "--aggregation-rule" flag: malformed pair, expect string=string`,
        );
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}

export const roleBinding: Verb = generator(
  'rolebinding NAME --clusterrole=NAME|--role=NAME [--user=username] [--group=groupname] [--serviceaccount=namespace:serviceaccountname]',
  {
    ...subjectFlags,
    clusterrole: { type: 'string', help: 'ClusterRole this RoleBinding should reference' },
    role: { type: 'string', help: 'Role this RoleBinding should reference' },
  },
  (context) => {
    const { clusterrole, role: roleName } = context.flags;
    const name = nameOf(context);
    if ((clusterrole === '') === (roleName === '')) throw new Error('exactly one of clusterrole or role must be specified');
    return binding('RoleBinding', name, roleName ? 'Role' : 'ClusterRole', roleName || clusterrole, subjectsOf(context.flags));
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
