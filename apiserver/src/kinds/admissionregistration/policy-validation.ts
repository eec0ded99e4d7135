import {
  type FieldError,
  type FieldPath,
  fieldDuplicate,
  fieldForbidden,
  fieldInvalid,
  fieldRequired,
  invalidBy,
  isDNS1035Label,
  isDNS1123Subdomain,
  isPathSegment,
  isQualifiedName,
  validateLabelSelector,
} from '@keelson/machinery';
import type { AuditAnnotation, MatchResources, ParamKind, ParamRef, Validation, Variable } from '@keelson/types';
import { annotationTypes, type PolicyPrograms } from '../../extensions/policies/program.ts';
import { oneOf, optionalName, requiredName, requiredOneOf } from '../field-checks.ts';
import { matchConditionErrors } from './match-conditions.ts';
import { defaultRules, namedRuleErrors } from './rules.ts';

/** What policies of both sorts say of the requests they are about. */
export interface Policy {
  failurePolicy?: string | undefined;
  readonly paramKind?: ParamKind | undefined;
  readonly matchConstraints?: MatchResources | undefined;
  readonly matchConditions?: Parameters<typeof matchConditionErrors>[0];
  readonly variables?: readonly Variable[] | undefined;
}

export function defaultPolicy(policy: Policy): void {
  policy.failurePolicy ??= 'Fail';
  defaultMatchResources(policy.matchConstraints);
}

export function defaultMatchResources(resources: MatchResources | undefined): void {
  if (!resources) return;
  resources.matchPolicy ??= 'Equivalent';
  resources.namespaceSelector ??= {};
  resources.objectSelector ??= {};
  defaultRules(resources.resourceRules);
  defaultRules(resources.excludeResourceRules);
}

/** @param programs of this policy. */
export function policyErrors(policy: Policy, at: FieldPath, programs: PolicyPrograms): FieldError[] {
  const { matchConstraints, variables = [] } = policy;
  const constraints = at.child('matchConstraints');
  return [
    ...requiredOneOf(policy.failurePolicy, ['Fail', 'Ignore'], at.child('failurePolicy')),
    ...(policy.paramKind ? paramKindErrors(policy.paramKind, at.child('paramKind')) : []),
    ...(matchConstraints ? matchResourcesErrors(matchConstraints, constraints) : [fieldRequired(constraints)]),
    ...(matchConstraints && !matchConstraints.resourceRules?.length ? [fieldRequired(constraints.child('resourceRules'))] : []),
    ...matchConditionErrors(policy.matchConditions, at.child('matchConditions'), 'policy'),
    ...variables.flatMap((variable, index) => variableErrors(variable, at.child('variables').index(index), programs)),
  ];
}

function paramKindErrors({ apiVersion = '', kind }: ParamKind, at: FieldPath): FieldError[] {
  const where = at.child('apiVersion');
  const parts = apiVersion.split('/');
  const [version = '', group = ''] = parts.toReversed();
  const errors: FieldError[] = [];
  if (apiVersion === '') errors.push(fieldRequired(where));
  else if (parts.length > 2) errors.push(fieldInvalid(where, apiVersion, `unexpected GroupVersion string: ${apiVersion}`));
  else if (version === '') errors.push(fieldInvalid(where, apiVersion, 'version must be specified'));
  else errors.push(...optionalName(group, isDNS1123Subdomain, where), ...invalidBy(isDNS1035Label(version), where, version));
  if (!kind) return [...errors, fieldRequired(at.child('kind'))];
  const problems = isDNS1035Label(kind.toLowerCase());
  if (problems.length === 0) return errors;
  return [...errors, fieldInvalid(at.child('kind'), kind, `may have mixed case, but should otherwise match: ${problems.join(',')}`)];
}

export function matchResourcesErrors(resources: MatchResources, at: FieldPath): FieldError[] {
  const { resourceRules = [], excludeResourceRules = [] } = resources;
  return [
    ...requiredOneOf(resources.matchPolicy, ['Equivalent', 'Exact'], at.child('matchPolicy')),
    ...validateLabelSelector(resources.namespaceSelector, at.child('namespaceSelector')),
    ...validateLabelSelector(resources.objectSelector, at.child('objectSelector')),
    ...resourceRules.flatMap((rule, index) => namedRuleErrors(rule, at.child('resourceRules').index(index))),
    ...excludeResourceRules.flatMap((rule, index) => namedRuleErrors(rule, at.child('excludeResourceRules').index(index))),
  ];
}

const reserved =
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(' ');

function variableErrors({ name, expression }: Variable, at: FieldPath, programs: PolicyPrograms): FieldError[] {
  const errors: FieldError[] = [];
  if (!name?.trim()) errors.push(fieldRequired(at.child('name'), 'name is not specified'));
  else if (!/^[_a-zA-Z][_a-zA-Z0-9]*$/.test(name) || reserved.includes(name))
    errors.push(fieldInvalid(at.child('name'), name, 'name is not a valid CEL identifier'));
  if (!expression?.trim()) errors.push(fieldRequired(at.child('expression'), 'expression is not specified'));
  else errors.push(...compileErrors(expression, programs.variableProblem(name), at.child('expression')));
  return errors;
}

export function validationErrors(validation: Validation, at: FieldPath, programs: PolicyPrograms): FieldError[] {
  const { expression, message = '', messageExpression = '', reason } = validation;
  const errors: FieldError[] = [];
  if (!expression?.trim()) errors.push(fieldRequired(at.child('expression'), 'expression is not specified'));
  else errors.push(...compileErrors(expression, programs.problemOf(expression, ['bool']), at.child('expression')));
  if (messageExpression.trim())
    errors.push(...compileErrors(messageExpression, programs.problemOf(messageExpression, ['string']), at.child('messageExpression')));
  if (messageExpression && !messageExpression.trim())
    errors.push(fieldInvalid(at.child('messageExpression'), messageExpression, 'must be non-empty if specified'));
  if (message && !message.trim()) errors.push(fieldInvalid(at.child('message'), message, 'message must be non-empty if specified'));
  else if (/[\n\r]/.test(message.trim())) errors.push(fieldInvalid(at.child('message'), message, 'message must not contain line breaks'));
  return [...errors, ...oneOf(reason, ['Forbidden', 'Invalid', 'RequestEntityTooLarge', 'Unauthorized'], at.child('reason'))];
}

/** What keeps an expression from being one that can be asked. */
export function compileErrors(expression: string, problem: string | undefined, at: FieldPath): FieldError[] {
  return problem === undefined ? [] : [fieldInvalid(at, expression, problem)];
}

const mostAnnotations = 20;
const longestExpression = 5 * 1024;

export function auditAnnotationErrors(
  annotations: readonly AuditAnnotation[],
  policy: string,
  at: FieldPath,
  programs: PolicyPrograms,
): FieldError[] {
  const keys = new Set<string>();
  const errors: FieldError[] = [];
  if (annotations.length > mostAnnotations)
    errors.push(fieldInvalid(at, annotations, `must not have more than ${mostAnnotations} auditAnnotations`));
  for (const [index, { key = '', valueExpression = '' }] of annotations.entries()) {
    const where = at.index(index);
    const expression = where.child('valueExpression');
    errors.push(...invalidBy(isQualifiedName(`${policy}/${key}`), where.child('key'), `${policy}/${key}`));
    if (!valueExpression.trim()) errors.push(fieldRequired(expression, 'valueExpression is not specified'));
    else if (valueExpression.trim().length > longestExpression)
      errors.push(fieldRequired(expression, `must not exceed ${longestExpression} bytes in length`));
    else errors.push(...compileErrors(valueExpression, programs.problemOf(valueExpression, annotationTypes), expression));
    if (keys.has(key)) errors.push(fieldDuplicate(where.child('key'), key));
    keys.add(key);
  }
  return errors;
}

/** What a binding of either sort ties together. */
export interface Binding {
  readonly policyName?: string | undefined;
  readonly paramRef?: ParamRef | undefined;
  readonly matchResources?: MatchResources | undefined;
}

export function bindingErrors({ policyName, paramRef, matchResources }: Binding, at: FieldPath): FieldError[] {
  return [
    ...requiredName(policyName, isDNS1123Subdomain, at.child('policyName')),
    ...(paramRef ? paramRefErrors(paramRef, at.child('paramRef')) : []),
    ...(matchResources ? matchResourcesErrors(matchResources, at.child('matchResources')) : []),
  ];
}

function paramRefErrors({ name, selector, parameterNotFoundAction: action }: ParamRef, at: FieldPath): FieldError[] {
  const errors = optionalName(name, isPathSegment, at.child('name'));
  const both = 'name and selector are mutually exclusive';
  if (name && selector) errors.push(fieldForbidden(at.child('name'), both));
  errors.push(...validateLabelSelector(selector, at.child('selector')));
  if (name && selector) errors.push(fieldForbidden(at.child('selector'), both));
  if (!name && !selector) errors.push(fieldRequired(at, 'one of name or selector must be specified'));
  return [...errors, ...requiredOneOf(action, ['Deny', 'Allow'], at.child('parameterNotFoundAction'))];
}

/** Parameters as columns show them. */
export function paramKindText(paramKind: ParamKind | undefined): string {
  return paramKind ? `${paramKind.apiVersion}/${paramKind.kind}` : '<unset>';
}

export function paramRefText(reference: ParamRef | undefined): string {
  if (!reference) return '<unset>';
  if (reference.name) return reference.namespace ? `${reference.namespace}/${reference.name}` : reference.name;
  return reference.namespace ? `${reference.namespace}/*` : '*';
}
