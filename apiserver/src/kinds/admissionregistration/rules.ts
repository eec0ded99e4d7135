import {
  type FieldError,
  type FieldPath,
  fieldDuplicate,
  fieldInvalid,
  fieldRequired,
  invalidBy,
  isPathSegment,
  repeats,
} from '@keelson/machinery';
import type { NamedRuleWithOperations, RuleWithOperations } from '@keelson/types';
import { oneOf } from '../field-checks.ts';

const operations = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'];

/** Which requests a webhook or policy is asked about. */
export function defaultRules(rules: readonly RuleWithOperations[] | undefined): void {
  for (const rule of rules ?? []) rule.scope ??= '*';
}

export function ruleErrors(rule: RuleWithOperations, at: FieldPath): FieldError[] {
  const where = at.child('operations');
  return [
    ...listErrors(rule.operations, where, 'operations'),
    ...(rule.operations ?? []).flatMap((operation, index) => oneOf(operation, operations, where.index(index))),
    ...listErrors(rule.apiGroups, at.child('apiGroups'), 'API groups'),
    ...listErrors(rule.apiVersions, at.child('apiVersions'), 'API versions'),
    ...emptyErrors(rule.apiVersions, at.child('apiVersions')),
    ...resourceErrors(rule.resources ?? [], at.child('resources')),
    ...oneOf(rule.scope, ['*', 'Cluster', 'Namespaced'], at.child('scope')),
  ];
}

export function namedRuleErrors(rule: NamedRuleWithOperations, at: FieldPath): FieldError[] {
  const { resourceNames: names = [] } = rule;
  const again = repeats(names);
  const errors = names.flatMap((name, index) => {
    const where = at.child('resourceNames').index(index);
    return [...invalidBy(isPathSegment(name), where, name), ...(again.has(index) ? [fieldDuplicate(where, name)] : [])];
  });
  return [...errors, ...ruleErrors(rule, at)];
}

/** A list of which `*` stands for everything, and then alone. */
function listErrors(values: readonly string[] | undefined, at: FieldPath, what: string): FieldError[] {
  if (!values?.length) return [fieldRequired(at)];
  return values.length > 1 && values.includes('*') ? [fieldInvalid(at, values, `if '*' is present, must not specify other ${what}`)] : [];
}

function emptyErrors(values: readonly string[] | undefined, at: FieldPath): FieldError[] {
  return (values ?? []).flatMap((value, index) => (value === '' ? [fieldRequired(at.index(index))] : []));
}

/** `pods`, `pods/log`, `pods/*`, and their wildcards: none may be said twice over. */
function resourceErrors(resources: readonly string[], at: FieldPath): FieldError[] {
  if (resources.length === 0) return [fieldRequired(at)];
  const errors = emptyErrors(resources, at);
  const wholeResources = new Set<string>();
  const everySubresource = new Set<string>();
  for (const [index, text] of resources.entries()) {
    const slash = text.indexOf('/');
    if (slash < 0) continue;
    const [resource, subresource] = [text.slice(0, slash), text.slice(slash + 1)];
    const covered = (by: string): FieldError => fieldInvalid(at.index(index), text, `if '${by}' is present, must not specify ${text}`);
    if (wholeResources.has(resource)) errors.push(covered(`${resource}/*`));
    if (everySubresource.has(subresource)) errors.push(covered(`*/${subresource}`));
    if (subresource === '*') wholeResources.add(resource);
    if (resource === '*') everySubresource.add(subresource);
  }
  if (resources.length > 1 && resources.includes('*/*'))
    errors.push(fieldInvalid(at, resources, "if '*/*' is present, must not specify other resources"));
  if (resources.includes('*') && resources.some((text) => text !== '*' && !text.includes('/')))
    errors.push(fieldInvalid(at, resources, "if '*' is present, must not specify other resources without subresources"));
  return errors;
}
