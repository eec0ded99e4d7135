import {
  equal,
  type FieldError,
  type FieldPath,
  fieldDuplicate,
  fieldForbidden,
  fieldInvalid,
  fieldRequired,
  fieldUnsupported,
  invalidBy,
  isDNS1123Label,
  isDNS1123Subdomain,
  path,
} from '@keelson/machinery';
import type {
  FlowSchema,
  NonResourcePolicyRule,
  ObjectMeta,
  PolicyRulesWithSubjects,
  ResourcePolicyRule,
  FlowcontrolV1Subject as Subject,
} from '@keelson/types';
import { oneOf, requiredName } from '../field-checks.ts';
import { mandatorySchemas } from './standard.ts';

const at = path('spec');
const largestPrecedence = 10_000;
const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'proxy', 'update', 'watch'];

export function flowSchemaErrors({ metadata, spec }: FlowSchema): FieldError[] {
  const { matchingPrecedence: precedence = 0, distinguisherMethod: method, priorityLevelConfiguration: level, rules = [] } = spec ?? {};
  const where = at.child('matchingPrecedence');
  const errors: FieldError[] = [];
  if (precedence <= 0) errors.push(fieldInvalid(where, precedence, 'must be a positive value'));
  if (precedence > largestPrecedence) errors.push(fieldInvalid(where, precedence, `must not be greater than ${largestPrecedence}`));
  if (precedence === 1 && metadata.name !== 'exempt')
    errors.push(fieldInvalid(where, precedence, "only the schema named 'exempt' may have matchingPrecedence 1"));
  const methods = ['ByNamespace', 'ByUser'];
  if (method && !methods.includes(method.type)) errors.push(fieldUnsupported(at.child('distinguisherMethod', 'type'), method, methods));
  return [
    ...errors,
    ...fixedErrors(metadata.name, spec, mandatorySchemas),
    ...requiredName(level?.name, isDNS1123Subdomain, at.child('priorityLevelConfiguration', 'name'), 'must reference a priority level'),
    ...rules.flatMap((rule, index) => ruleErrors(rule, at.child('rules').index(index))),
  ];
}

interface Fixed {
  readonly metadata: ObjectMeta;
  readonly spec?: unknown;
}

/** What every server relies on is as it must be. `but`: of which part that is not asked. */
export function fixedErrors(name = '', spec: unknown, mandatory: readonly Fixed[], but = ''): FieldError[] {
  const fixed = mandatory.find(({ metadata }) => metadata.name === name);
  if (!fixed || equal(fixed.spec, spec)) return [];
  return [fieldInvalid(at, spec, `spec of '${name}'${but} must equal the fixed value`)];
}

interface Conditioned {
  readonly status?: { readonly conditions?: readonly { readonly type?: string | undefined }[] | undefined } | undefined;
}

/** Conditions are told apart by their types. */
export function typedConditionErrors({ status }: Conditioned): FieldError[] {
  const seen = new Set<string>();
  const where = path('status', 'conditions');
  return (status?.conditions ?? []).flatMap(({ type = '' }, index) => {
    const place = where.index(index).child('type');
    const errors = seen.has(type) ? [fieldDuplicate(place, type)] : [];
    seen.add(type);
    return type ? errors : [...errors, fieldRequired(place, 'must not be empty')];
  });
}

function ruleErrors({ subjects = [], resourceRules = [], nonResourceRules = [] }: PolicyRulesWithSubjects, where: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  if (subjects.length === 0) errors.push(fieldRequired(where.child('subjects'), 'subjects must contain at least one value'));
  for (const [index, subject] of subjects.entries()) errors.push(...subjectErrors(subject, where.child('subjects').index(index)));
  if (resourceRules.length + nonResourceRules.length === 0)
    errors.push(fieldRequired(where, 'at least one of resourceRules and nonResourceRules has to be non-empty'));
  return [
    ...errors,
    ...resourceRules.flatMap((rule, index) => resourceRuleErrors(rule, where.child('resourceRules').index(index))),
    ...nonResourceRules.flatMap((rule, index) => nonResourceRuleErrors(rule, where.child('nonResourceRules').index(index))),
  ];
}

/** Each kind of subject, and the member that describes it. */
const subjectKinds = { Group: 'group', ServiceAccount: 'serviceAccount', User: 'user' } as const;

function subjectErrors(subject: Subject, where: FieldPath): FieldError[] {
  if (!Object.hasOwn(subjectKinds, subject.kind ?? '')) return oneOf(subject.kind ?? '', Object.keys(subjectKinds), where.child('kind'));
  const member = subjectKinds[subject.kind as keyof typeof subjectKinds];
  const described = subject[member];
  const place = where.child(member);
  const errors: FieldError[] = [];
  if (!described) errors.push(fieldRequired(place, `${member} is required when subject kind is '${subject.kind}'`));
  else if (!described.name) errors.push(fieldRequired(place.child('name')));
  else if (member === 'serviceAccount' && described.name !== '*')
    errors.push(...invalidBy(isDNS1123Subdomain(described.name), place.child('name'), described.name));
  if (member === 'serviceAccount' && described) {
    const detail = 'must specify namespace for service account';
    errors.push(...requiredName(subject.serviceAccount?.namespace, isDNS1123Label, place.child('namespace'), detail));
  }
  for (const [kind, other] of Object.entries(subjectKinds)) {
    if (other !== member && subject[other])
      errors.push(fieldForbidden(where.child(other), `${other} is forbidden when subject kind is not '${kind}'`));
  }
  return errors;
}

/** A list of which `*` stands for everything, and then alone. */
function wildcardErrors(values: readonly string[] | undefined, where: FieldPath, needed: string, others: string): FieldError[] {
  if (!values?.length) return [fieldRequired(where, needed)];
  return values.length > 1 && values.includes('*')
    ? [fieldInvalid(where, values, `if '*' is present, must not specify other ${others}`)]
    : [];
}

function verbErrors(wanted: readonly string[] | undefined, where: FieldPath): FieldError[] {
  const errors = wildcardErrors(wanted, where, 'verbs must contain at least one value', 'verbs');
  const known = wanted?.includes('*') || (wanted ?? []).every((verb) => verbs.includes(verb));
  return errors.length > 0 || known ? errors : [fieldUnsupported(where, wanted, verbs)];
}

function resourceRuleErrors(rule: ResourcePolicyRule, where: FieldPath): FieldError[] {
  const { apiGroups, resources, namespaces = [], clusterScope } = rule;
  const errors = [
    ...verbErrors(rule.verbs, where.child('verbs')),
    ...wildcardErrors(apiGroups, where.child('apiGroups'), 'resource rules must supply at least one api group', 'api groups'),
    ...wildcardErrors(resources, where.child('resources'), 'resource rules must supply at least one resource', 'resources'),
  ];
  const place = where.child('namespaces');
  if (namespaces.length === 0 && !clusterScope)
    errors.push(fieldRequired(place, 'resource rules that are not cluster scoped must supply at least one namespace'));
  else if (namespaces.includes('*') && namespaces.length > 1)
    errors.push(fieldInvalid(place, namespaces, "if '*' is present, must not specify other namespaces"));
  else if (!namespaces.includes('*'))
    for (const [index, namespace] of namespaces.entries())
      for (const problem of isDNS1123Label(namespace))
        errors.push(fieldInvalid(place.index(index), namespace, `each member of this list must be '*' or a DNS-1123 label; ${problem}`));
  return errors;
}

function nonResourceRuleErrors({ verbs: wanted, nonResourceURLs = [] }: NonResourcePolicyRule, where: FieldPath): FieldError[] {
  const place = where.child('nonResourceURLs');
  const needed = 'nonResourceURLs must contain at least one value';
  return [
    ...verbErrors(wanted, where.child('verbs')),
    ...wildcardErrors(nonResourceURLs, place, needed, 'non-resource URLs'),
    ...(nonResourceURLs.includes('*') ? [] : nonResourceURLs.flatMap((url, index) => urlErrors(url, place.index(index)))),
  ];
}

function urlErrors(url: string, where: FieldPath): FieldError[] {
  if (url === '') return [fieldInvalid(where, url, 'must not be empty')];
  if (url === '/') return [];
  if (!url.startsWith('/')) return [fieldInvalid(where, url, 'must start with slash')];
  if (url.includes(' ')) return [fieldInvalid(where, url, 'must not contain white-space')];
  if (url.includes('//')) return [fieldInvalid(where, url, 'must not contain double slash')];
  const suffix = !url.includes('*') || (url.endsWith('/*') && url.indexOf('*') === url.length - 1);
  return suffix ? [] : [fieldInvalid(where, url, 'wildcard can only do suffix matching')];
}
