import {
  type FieldError,
  type FieldPath,
  fieldInvalid,
  fieldRequired,
  fieldUnsupported,
  formatFieldErrors,
  isDNS1123Subdomain,
  parseYaml,
  path,
} from '@keelson/machinery';

/** How much of a request is told, from nothing to all. */
export const levels = ['None', 'Metadata', 'Request', 'RequestResponse'] as const;
export type Level = (typeof levels)[number];

/** When it is told. `ResponseStarted` is of requests that go on: watches, logs, connections into pods. */
export const stages = ['RequestReceived', 'ResponseStarted', 'ResponseComplete', 'Panic'] as const;
export type Stage = (typeof stages)[number];

export interface GroupResources {
  readonly group?: string;
  /** `pods`, `pods/log`, `pods/*`, `*` with a subresource after a slash, `*`; everything in the group when empty. */
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
}

/** What is empty does not matter; what is not must fit. */
export interface PolicyRule {
  readonly level: Level;
  readonly users?: readonly string[];
  readonly userGroups?: readonly string[];
  readonly verbs?: readonly string[];
  readonly resources?: readonly GroupResources[];
  readonly namespaces?: readonly string[];
  /** Paths; `*` may end one, or be one. */
  readonly nonResourceURLs?: readonly string[];
  readonly omitStages?: readonly Stage[];
  readonly omitManagedFields?: boolean;
}

/** audit.k8s.io/v1 Policy. */
export interface Policy {
  readonly rules: readonly PolicyRule[];
  readonly omitStages?: readonly Stage[];
  readonly omitManagedFields?: boolean;
}

const apiVersion = 'audit.k8s.io/v1';
const lists = ['users', 'userGroups', 'verbs', 'resources', 'namespaces', 'nonResourceURLs', 'omitStages'] as const;
const ruleMembers: readonly string[] = [...lists, 'level', 'omitManagedFields'];
const groupMembers: readonly string[] = ['group', 'resources', 'resourceNames'];

/**
 * Reads the file of `--audit-policy-file`, YAML or JSON.
 * @throws Error in one sentence: a misspelt rule would be none, and what it was to keep out of the log would be in it.
 */
export function parsePolicy(text: string): Policy {
  const { value, duplicates } = parseYaml(text);
  const document = (value ?? {}) as Record<string, unknown>;
  const { kind, apiVersion: version, metadata: _, ...content } = document;
  if (kind !== 'Policy' || version !== apiVersion)
    throw new Error(`expected a Policy of ${apiVersion}, found ${kind ?? 'no kind'} of ${version ?? 'no version'}`);
  const strange = [...duplicates.map(({ path }) => `key "${path}" already set`), ...unknownMembers(content)];
  if (strange.length > 0) throw new Error(`strict decoding error: ${strange.join(', ')}`);
  const policy = { rules: [], ...content } as Policy;
  if (policy.rules.length === 0) throw new Error('loaded illegal policy with 0 rules');
  const errors = [...stageErrors(policy.omitStages, path('omitStages')), ...policy.rules.flatMap(ruleErrors)];
  if (errors.length > 0) throw new Error(formatFieldErrors(errors));
  return policy;
}

function unknownMembers(content: Readonly<Record<string, unknown>>): string[] {
  const rules = content.rules ?? [];
  if (!Array.isArray(rules)) return ['rules: must be a list'];
  return [
    ...others(content, ['rules', 'omitStages', 'omitManagedFields'], ''),
    ...notLists(content, ['omitStages'], ''),
    ...rules.flatMap((rule: unknown, i) => {
      const at = `rules[${i}]`;
      if (!isMapping(rule)) return [`${at}: must be a mapping`];
      const strange = [...others(rule, ruleMembers, `${at}.`), ...notLists(rule, lists, `${at}.`)];
      if (strange.length > 0) return strange;
      return ((rule.resources ?? []) as unknown[]).flatMap((group, n) => {
        const where = `${at}.resources[${n}]`;
        if (!isMapping(group)) return [`${where}: must be a mapping`];
        return [...others(group, groupMembers, `${where}.`), ...notLists(group, ['resources', 'resourceNames'], `${where}.`)];
      });
    }),
  ];
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function others(value: object, known: readonly string[], at: string): string[] {
  return Object.keys(value)
    .filter((name) => !known.includes(name))
    .map((name) => `unknown field "${at}${name}"`);
}

function notLists(value: Readonly<Record<string, unknown>>, names: readonly string[], at: string): string[] {
  return names.filter((name) => !Array.isArray(value[name] ?? [])).map((name) => `${at}${name}: must be a list`);
}

function ruleErrors(rule: PolicyRule, index: number): FieldError[] {
  const at = path('rules').index(index);
  const { level, nonResourceURLs = [], namespaces = [], resources = [] } = rule;
  const errors: FieldError[] = [];
  if (!level) errors.push(fieldRequired(at.child('level')));
  else if (!levels.includes(level)) errors.push(fieldUnsupported(at.child('level'), level, levels));
  for (const [i, url] of nonResourceURLs.entries()) errors.push(...urlErrors(url, at.child('nonResourceURLs').index(i)));
  for (const [i, group] of resources.entries()) errors.push(...groupErrors(group, at.child('resources').index(i)));
  errors.push(...stageErrors(rule.omitStages, at.child('omitStages')));
  if (nonResourceURLs.length > 0 && resources.length + namespaces.length > 0)
    errors.push(
      fieldInvalid(at.child('nonResourceURLs'), nonResourceURLs, 'rules cannot apply to both regular resources and non-resource URLs'),
    );
  return errors;
}

function urlErrors(url: string, at: FieldPath): FieldError[] {
  if (url === '*') return [];
  return [
    ...(url.startsWith('/') ? [] : [fieldInvalid(at, url, "non-resource URL rules must begin with a '/' character")]),
    ...(url.slice(0, -1).includes('*')
      ? [fieldInvalid(at, url, "non-resource URL wildcards '*' must be the final character of the rule")]
      : []),
  ];
}

function groupErrors({ group = '', resources = [], resourceNames = [] }: GroupResources, at: FieldPath): FieldError[] {
  const problems = group === '' ? [] : isDNS1123Subdomain(group);
  return [
    ...(problems.length > 0 ? [fieldInvalid(at.child('group'), group, problems.join(','))] : []),
    ...(resourceNames.length > 0 && resources.length === 0
      ? [fieldInvalid(at.child('resourceNames'), resourceNames, 'using resourceNames requires at least one resource')]
      : []),
  ];
}

function stageErrors(omitted: readonly Stage[] = [], at: FieldPath): FieldError[] {
  return omitted.flatMap((stage, i) =>
    stages.includes(stage) ? [] : [fieldInvalid(at.index(i), stage, `allowed stages are ${stages.join(',')}`)],
  );
}
