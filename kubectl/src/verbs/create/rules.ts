import type { PolicyRule } from '@keelson/types';
import type { Cluster } from '../../cluster.ts';
import { ExitError } from '../../errors.ts';
import type { FlagSpecs } from '../../flags.ts';
import type { Shell } from '../../types.ts';

export const ruleFlags = {
  resource: { type: 'list', help: 'Resource that the rule applies to' },
  'resource-name': { type: 'array', help: 'Resource in the white list that the rule applies to, repeat this flag for multiple items' },
  verb: { type: 'list', help: 'Verb that applies to the resources contained in the rule' },
} as const satisfies FlagSpecs;

export interface RuleFlags {
  readonly resource: readonly string[];
  readonly 'resource-name': readonly string[];
  readonly verb: readonly string[];
}

interface Resource {
  readonly group: string;
  /** The plural; `*` is every one. */
  readonly name: string;
  readonly subresource: string;
}

const ordinaryVerbs = ['*', 'get', 'delete', 'list', 'create', 'update', 'patch', 'watch', 'proxy', 'deletecollection'];

const rbac = 'rbac.authorization.k8s.io';
const roles: readonly string[] = [`roles.${rbac}`, `clusterroles.${rbac}`];

/** Verbs that mean something for a few resources only. */
const specialVerbs: Readonly<Record<string, readonly string[]>> = {
  bind: roles,
  escalate: roles,
  impersonate: ['users.', 'serviceaccounts.', 'groups.', 'userextras.authentication.k8s.io'],
  use: ['podsecuritypolicies.policy', 'podsecuritypolicies.extensions'],
};

const urlVerbs = ['*', 'get', 'put', 'post', 'head', 'options', 'delete', 'patch'];

/** The verbs, once each; `*` is all of them. */
export function verbsOf({ verb }: Pick<RuleFlags, 'verb'>): string[] {
  if (verb.length === 0) throw new Error('at least one verb must be specified');
  return verb.includes('*') ? ['*'] : [...new Set(verb)];
}

/** One rule for each API group the resources are of. @throws Error in kubectl's words. */
export async function resourceRules(cluster: Cluster, { stderr }: Pick<Shell, 'stderr'>, flags: RuleFlags): Promise<PolicyRule[]> {
  const verbs = verbsOf(flags);
  if (flags.resource.length === 0) throw new Error('at least one resource must be specified');
  const parsed = flags.resource.map(parse);
  const resources = await Promise.all(parsed.map((each) => resolve(cluster, each)));
  for (const verb of verbs) {
    if (ordinaryVerbs.includes(verb)) continue;
    const places = Object.hasOwn(specialVerbs, verb) ? specialVerbs[verb] : undefined;
    if (!places) stderr.write(`Warning: '${verb}' is not a standard resource verb\n`);
    const wrong = resources.find(({ name, group }) => places && !places.includes(`${name}.${group}`));
    if (wrong) throw new Error(`can not perform '${verb}' on '${wrong.name}' in group '${wrong.group}'`);
  }
  const names = [...new Set(flags['resource-name'])];
  const groups = Map.groupBy(resources, ({ group }) => group);
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([group, own]) => ({
      apiGroups: [group],
      ...(names.length > 0 ? { resourceNames: names } : {}),
      resources: [...new Set(own.map(({ name, subresource }) => (subresource ? `${name}/${subresource}` : name)))],
      verbs,
    }));
}

function parse(text: string, _index: number, all: readonly string[]): Resource {
  // Everything says it all.
  const [whole = '', subresource = ''] = all.includes('*') ? ['*'] : text.split('/');
  const [name = '', ...group] = whole.split('.');
  if (name === '') throw new Error('resource must be specified if apiGroup/subresource specified');
  return { name, group: group.join('.'), subresource };
}

async function resolve(cluster: Cluster, { name, group, subresource }: Resource): Promise<Resource> {
  if (name === '*') return { name, group, subresource };
  const special = Object.values(specialVerbs).some((places) => places.includes(`${name}.${group}`));
  const mapper = await cluster.mapper();
  const found = mapper.find(group === '' ? name : `${name}.${group}`);
  if (found && (group === '' || found.group === group)) return { name: found.resource, group: found.group, subresource };
  if (special) return { name, group, subresource };
  const where = group === '' ? '' : ` in group ${JSON.stringify(group)}`;
  throw new ExitError(1, `the server doesn't have a resource type ${JSON.stringify(name)}${where}`);
}

/** The rule for paths that are no resources; none without paths. */
export function urlRules(urls: readonly string[], flags: Pick<RuleFlags, 'verb'>): PolicyRule[] {
  if (urls.length === 0) return [];
  const verbs = verbsOf(flags);
  for (const url of urls) {
    if (url === '*') continue;
    if (!url.startsWith('/')) throw new Error('nonResourceURL should start with /');
    if (url.slice(0, -1).includes('*')) throw new Error("nonResourceURL only supports wildcard matches when '*' is at the end");
  }
  const wrong = verbs.find((verb) => !urlVerbs.includes(verb));
  if (wrong !== undefined) throw new Error(`invalid verb: '${wrong}' for nonResourceURL`);
  return [{ nonResourceURLs: [...urls], verbs }];
}
