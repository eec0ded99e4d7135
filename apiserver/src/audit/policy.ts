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
import { misfitsIn, type Shape } from '../config-file.ts';

/** How much of a request is told, from nothing to all. */
export const levels = ['None', 'Metadata', 'Request', 'RequestResponse'] as const;
export type Level = (typeof levels)[number];

/** When it is told. `ResponseStarted` is of requests that go on: watches, logs, connections into pods. */
export const stages = ['RequestReceived', 'ResponseStarted', 'ResponseComplete', 'Panic'] as const;
export type Stage = (typeof stages)[number];

export interface GroupResources {
  /** `*` for all. */
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

const texts: Shape = ['string'];
const resources: Shape = [{ group: 'string', resources: texts, resourceNames: texts }];
const rules: Shape = [
  {
    ...{ level: 'string', users: texts, userGroups: texts, verbs: texts, resources, namespaces: texts, nonResourceURLs: texts },
    ...{ omitStages: texts, omitManagedFields: 'boolean' },
  },
];
const shape: Shape = { rules, omitStages: texts, omitManagedFields: 'boolean' };

/**
 * Reads the file of `--audit-policy-file`, YAML or JSON. As upstream, members that there are none of are only told of, though a misspelt
 * rule is none. @throws Error in one sentence.
 */
export function parsePolicy(text: string, warn: (message: string) => void): Policy {
  const { value, duplicates } = parseYaml(text);
  const document = (value ?? {}) as Record<string, unknown>;
  const { kind, apiVersion: version, metadata: _, ...content } = document;
  if (kind !== 'Policy' || version !== apiVersion)
    throw new Error(`expected a Policy of ${apiVersion}, found ${kind ?? 'no kind'} of ${version ?? 'no version'}`);
  const { unknown, wrong } = misfitsIn(content, shape);
  if (wrong.length > 0) throw new Error(`failed decoding: ${wrong.join(', ')}`);
  const strange = [...duplicates.map(({ path }) => `key "${path}" already set`), ...unknown].join(', ');
  if (strange) warn(`Audit policy contains errors, falling back to lenient decoding: strict decoding error: ${strange}`);
  const policy = withoutNulls(content) as Policy;
  const errors = [...stageErrors(policy.omitStages, path('omitStages')), ...(policy.rules ?? []).flatMap(ruleErrors)];
  if (errors.length > 0) throw new Error(formatFieldErrors(errors));
  if (!policy.rules?.length) throw new Error('loaded illegal policy with 0 rules');
  return policy;
}

/** A member that is null is not there. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutNulls(item ?? {}));
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).filter(([, member]) => member !== null);
  return Object.fromEntries(members.map(([name, member]) => [name, withoutNulls(member)]));
}

function ruleErrors(rule: PolicyRule, index: number): FieldError[] {
  const at = path('rules').index(index);
  const { level, nonResourceURLs = [], namespaces = [], resources = [] } = rule;
  const errors: FieldError[] = [];
  if (!level) errors.push(fieldRequired(at.child('level')));
  else if (!levels.includes(level)) errors.push(fieldUnsupported(at.child('level'), level, levels));
  for (const [i, url] of nonResourceURLs.entries()) errors.push(...urlErrors(url, at.child('nonResourceURLs').index(i)));
  errors.push(...resources.flatMap((group) => groupErrors(group, at.child('resources'))));
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

/** Upstream does not say which of the groups. */
function groupErrors({ group = '', resources = [], resourceNames = [] }: GroupResources, at: FieldPath): FieldError[] {
  const problems = group === '' || group === '*' ? [] : isDNS1123Subdomain(group);
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
