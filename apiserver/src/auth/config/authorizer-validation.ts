import { statSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { errorMessage, formatGoDuration } from '@keelson/base';
import {
  type FieldError,
  type FieldPath,
  fieldDuplicate,
  fieldInvalid,
  fieldRequired,
  fieldTooMany,
  fieldUnsupported,
  isDNS1123Subdomain,
  path,
} from '@keelson/machinery';
import { problemOf } from '../webhook/conditions.ts';
import type { AuthorizerFile, WebhookFile } from './authorizer-file.ts';
import { milliseconds } from './durations.ts';

const types = ['AlwaysAllow', 'AlwaysDeny', 'Node', 'RBAC', 'Webhook'];
const longestTimeout = 30_000;
const mostConditions = 64;

/** What is wrong with `authorizers` of an AuthorizationConfiguration. */
export function authorizerErrors(all: readonly AuthorizerFile[]): FieldError[] {
  const root = path('authorizers');
  if (all.length === 0) return [fieldRequired(root, 'at least one authorization mode must be defined')];
  const seen = { types: new Set<string>(), names: new Set<string>() };
  return all.flatMap(({ type = '', name = '', webhook }, i) => {
    const at = root.index(i);
    const kind = at.child('type');
    if (type === '') return [fieldRequired(kind)];
    if (!types.includes(type)) return [fieldUnsupported(kind, type, types)];
    if (type !== 'Webhook' && seen.types.has(type)) return [fieldDuplicate(kind, type)];
    seen.types.add(type);
    const errors = nameErrors(at.child('name'), name, seen.names);
    const hook = at.child('webhook');
    if (type === 'Webhook')
      return [...errors, ...(webhook ? webhookErrors(at, webhook) : [fieldRequired(hook, 'required when type=Webhook')])];
    return webhook ? [...errors, fieldInvalid(hook, 'non-null', 'may only be specified when type=Webhook')] : errors;
  });
}

function nameErrors(at: FieldPath, name: string, seen: Set<string>): FieldError[] {
  const isKnown = seen.has(name);
  seen.add(name);
  if (name === '') return [fieldRequired(at)];
  if (isKnown) return [fieldDuplicate(at, name)];
  const problems = isDNS1123Subdomain(name);
  return problems.length > 0 ? [fieldInvalid(at, name, `authorizer name is invalid: ${problems.join(', ')}`)] : [];
}

/** Upstream leaves `webhook` out of the fields' names. */
function webhookErrors(at: FieldPath, webhook: WebhookFile): FieldError[] {
  const { subjectAccessReviewVersion: version = '', failurePolicy = '', matchConditions } = webhook;
  const timeout = milliseconds(webhook.timeout) ?? 0;
  const errors: FieldError[] = [];
  if (timeout === 0) errors.push(fieldRequired(at.child('timeout')));
  else if (timeout > longestTimeout || timeout < 0)
    errors.push(fieldInvalid(at.child('timeout'), formatGoDuration(timeout), 'must be > 0s and <= 30s'));
  for (const name of ['authorizedTTL', 'unauthorizedTTL'] as const) {
    const life = milliseconds(webhook[name]) ?? 0;
    if (life < 0) errors.push(fieldInvalid(at.child(name), formatGoDuration(life), 'must be > 0s'));
  }
  return [
    ...errors,
    ...oneOf(at.child('subjectAccessReviewVersion'), version, ['v1', 'v1beta1']),
    ...conditionVersionErrors(at.child('matchConditionSubjectAccessReviewVersion'), webhook),
    ...oneOf(at.child('failurePolicy'), failurePolicy, ['NoOpinion', 'Deny']),
    ...connectionErrors(at.child('connectionInfo'), webhook.connectionInfo),
    ...conditionErrors(at.child('matchConditions'), matchConditions ?? []),
  ];
}

function oneOf(at: FieldPath, value: string, allowed: readonly string[]): FieldError[] {
  if (value === '') return [fieldRequired(at)];
  return allowed.includes(value) ? [] : [fieldUnsupported(at, value, allowed)];
}

function conditionVersionErrors(at: FieldPath, webhook: WebhookFile): FieldError[] {
  const { matchConditionSubjectAccessReviewVersion: version = '', matchConditions } = webhook;
  if (version !== '') return oneOf(at, version, ['v1']);
  return matchConditions?.length ? [fieldRequired(at, 'required if match conditions are specified')] : [];
}

function conditionErrors(at: FieldPath, conditions: NonNullable<WebhookFile['matchConditions']>): FieldError[] {
  if (conditions.length > mostConditions) return [fieldTooMany(at, conditions.length, mostConditions)];
  const seen = new Set<string>();
  return conditions.flatMap(({ expression = '' }, i) => {
    const here = at.index(i).child('expression');
    if (expression.trim() === '') return [fieldRequired(here)];
    if (seen.has(expression)) return [fieldDuplicate(here, expression)];
    seen.add(expression);
    const problem = problemOf(expression);
    return problem === undefined ? [] : [fieldInvalid(here, expression, problem)];
  });
}

function connectionErrors(at: FieldPath, connection: WebhookFile['connectionInfo']): FieldError[] {
  const { type = '', kubeConfigFile } = connection ?? {};
  const file = at.child('kubeConfigFile');
  if (type === 'InClusterConfig') {
    const isSet = kubeConfigFile !== undefined && kubeConfigFile !== null;
    return isSet ? [fieldInvalid(file, kubeConfigFile, 'can only be set when type=KubeConfigFile')] : [];
  }
  if (type !== 'KubeConfigFile') return oneOf(at.child('type'), type, ['InClusterConfig', 'KubeConfigFile']);
  if (!kubeConfigFile) return [fieldRequired(file)];
  if (!isAbsolute(kubeConfigFile)) return [fieldInvalid(file, kubeConfigFile, 'must be an absolute path')];
  const problem = fileProblem(kubeConfigFile);
  return problem === undefined ? [] : [fieldInvalid(file, kubeConfigFile, problem)];
}

function fileProblem(name: string): string | undefined {
  try {
    return statSync(name).isFile() ? undefined : 'must be a regular file';
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    return `error loading file: ${isMissing ? `stat ${name}: no such file or directory` : errorMessage(error)}`;
  }
}
