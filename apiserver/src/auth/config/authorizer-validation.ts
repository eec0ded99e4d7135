import { isAbsolute } from 'node:path';
import {
  type FieldError,
  type FieldPath,
  fieldDuplicate,
  fieldInvalid,
  fieldRequired,
  fieldUnsupported,
  isDNS1123Subdomain,
  path,
} from '@keelson/machinery';
import { problemOf } from '../webhook/conditions.ts';
import type { AuthorizerFile, WebhookFile } from './authorization.ts';
import { durationProblem, milliseconds } from './durations.ts';

const types = ['AlwaysAllow', 'AlwaysDeny', 'Node', 'RBAC', 'Webhook'];
const longestTimeout = 30_000;
const mostConditions = 64;

/** What is wrong with `authorizers` of an AuthorizationConfiguration. */
export function authorizerErrors(all: readonly AuthorizerFile[]): FieldError[] {
  const root = path('authorizers');
  if (all.length === 0) return [fieldRequired(root, 'at least one authorization mode must be defined')];
  const [seenTypes, seenNames] = [new Set<string>(), new Set<string>()];
  return all.flatMap(({ type = '', name = '', webhook }, i) => {
    const at = root.index(i);
    const errors: FieldError[] = [];
    if (type === '') errors.push(fieldRequired(at.child('type')));
    else if (!types.includes(type)) errors.push(fieldUnsupported(at.child('type'), type, types));
    else if (type !== 'Webhook' && seenTypes.has(type)) errors.push(fieldDuplicate(at.child('type'), type));
    seenTypes.add(type);
    if (name === '') errors.push(fieldRequired(at.child('name')));
    else if (seenNames.has(name)) errors.push(fieldDuplicate(at.child('name'), name));
    else
      errors.push(
        ...isDNS1123Subdomain(name).map((problem) => fieldInvalid(at.child('name'), name, `authorizer name is invalid: ${problem}`)),
      );
    seenNames.add(name);
    const hook = at.child('webhook');
    if (type === 'Webhook')
      return webhook ? [...errors, ...webhookErrors(hook, webhook)] : [...errors, fieldRequired(hook, 'required when type=Webhook')];
    if (webhook) errors.push(fieldInvalid(hook, 'non-null', 'may only be specified when type=Webhook'));
    return errors;
  });
}

function webhookErrors(at: FieldPath, webhook: WebhookFile): FieldError[] {
  const { timeout, subjectAccessReviewVersion: version = '', failurePolicy = '' } = webhook;
  const errors: FieldError[] = [];
  for (const name of ['timeout', 'authorizedTTL', 'unauthorizedTTL'] as const) {
    const problem = durationProblem(webhook[name]);
    if (problem) errors.push(fieldInvalid(at.child(name), webhook[name], problem));
    else if ((milliseconds(webhook[name]) ?? 1) <= 0) errors.push(fieldInvalid(at.child(name), webhook[name], 'must be > 0s'));
  }
  if (!timeout) errors.push(fieldRequired(at.child('timeout')));
  else if (!durationProblem(timeout) && (milliseconds(timeout) ?? 0) > longestTimeout)
    errors.push(fieldInvalid(at.child('timeout'), timeout, 'must be <= 30s'));
  errors.push(...oneOf(at.child('subjectAccessReviewVersion'), version, ['v1', 'v1beta1']));
  errors.push(...oneOf(at.child('failurePolicy'), failurePolicy, ['Deny', 'NoOpinion']));
  return [...errors, ...conditionErrors(at, webhook), ...connectionErrors(at.child('connectionInfo'), webhook.connectionInfo)];
}

function oneOf(at: FieldPath, value: string, allowed: readonly string[]): FieldError[] {
  if (value === '') return [fieldRequired(at)];
  return allowed.includes(value) ? [] : [fieldUnsupported(at, value, allowed)];
}

function conditionErrors(
  at: FieldPath,
  { matchConditions = [], matchConditionSubjectAccessReviewVersion: version = '' }: WebhookFile,
): FieldError[] {
  const errors: FieldError[] = [];
  const versionAt = at.child('matchConditionSubjectAccessReviewVersion');
  if (version !== '' || matchConditions.length > 0) errors.push(...oneOf(versionAt, version, ['v1']));
  const list = at.child('matchConditions');
  if (matchConditions.length > mostConditions)
    return [...errors, fieldInvalid(list, matchConditions.length, `must have at most ${mostConditions} items`)];
  const seen = new Set<string>();
  for (const [i, { expression = '' }] of matchConditions.entries()) {
    const here = list.index(i).child('expression');
    if (expression.trim() === '') errors.push(fieldRequired(here));
    else if (seen.has(expression)) errors.push(fieldDuplicate(here, expression));
    const problem = expression.trim() === '' ? undefined : problemOf(expression);
    if (problem) errors.push(fieldInvalid(here, expression, problem));
    seen.add(expression);
  }
  return errors;
}

function connectionErrors(at: FieldPath, connection: WebhookFile['connectionInfo']): FieldError[] {
  const { type = '', kubeConfigFile } = connection ?? {};
  const file = at.child('kubeConfigFile');
  if (type === 'KubeConfigFile') {
    if (!kubeConfigFile) return [fieldRequired(file)];
    return isAbsolute(kubeConfigFile) ? [] : [fieldInvalid(file, kubeConfigFile, 'must be an absolute path')];
  }
  if (type !== 'InClusterConfig') return oneOf(at.child('type'), type, ['InClusterConfig', 'KubeConfigFile']);
  return kubeConfigFile ? [fieldInvalid(file, kubeConfigFile, 'can only be set when type=KubeConfigFile')] : [];
}
