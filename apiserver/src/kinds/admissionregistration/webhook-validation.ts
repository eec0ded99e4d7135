import {
  type FieldError,
  type FieldPath,
  fieldDuplicate,
  fieldInvalid,
  fieldRequired,
  invalidBy,
  isDNS1035Label,
  isDNS1123Subdomain,
  path,
  repeats,
  validateLabelSelector,
} from '@keelson/machinery';
import type { MutatingWebhook, ValidatingWebhook } from '@keelson/types';
import { oneOf } from '../field-checks.ts';
import { clientConfigErrors, defaultClientConfig } from './client-config.ts';
import { matchConditionErrors } from './match-conditions.ts';
import { defaultRules, ruleErrors } from './rules.ts';

export type Webhook = ValidatingWebhook & Pick<MutatingWebhook, 'reinvocationPolicy'>;

const reviewVersions = ['v1', 'v1beta1'];

export function defaultWebhook(webhook: Webhook): void {
  webhook.failurePolicy ??= 'Fail';
  webhook.matchPolicy ??= 'Equivalent';
  webhook.namespaceSelector ??= {};
  webhook.objectSelector ??= {};
  webhook.timeoutSeconds ??= 10;
  defaultClientConfig(webhook.clientConfig);
  defaultRules(webhook.rules);
}

export function webhooksErrors(webhooks: readonly Webhook[] | undefined): FieldError[] {
  const names = new Set<string>();
  return (webhooks ?? []).flatMap((webhook, index) => {
    const at = path('webhooks').index(index);
    const errors = [
      ...webhookErrors(webhook, at),
      ...versionErrors(webhook.admissionReviewVersions ?? [], at.child('admissionReviewVersions')),
    ];
    if (webhook.name && names.has(webhook.name)) errors.push(fieldDuplicate(at.child('name'), webhook.name));
    names.add(webhook.name);
    return errors;
  });
}

function webhookErrors(webhook: Webhook, at: FieldPath): FieldError[] {
  const { timeoutSeconds: timeout, rules = [] } = webhook;
  const sideEffects = ['None', 'NoneOnDryRun'];
  const errors = [
    ...qualifiedNameErrors(webhook.name, at.child('name')),
    ...rules.flatMap((rule, index) => ruleErrors(rule, at.child('rules').index(index))),
    ...oneOf(webhook.failurePolicy, ['Fail', 'Ignore'], at.child('failurePolicy')),
    ...oneOf(webhook.matchPolicy, ['Equivalent', 'Exact'], at.child('matchPolicy')),
    ...(webhook.sideEffects === undefined
      ? [fieldRequired(at.child('sideEffects'), `must specify one of ${sideEffects.join(', ')}`)]
      : oneOf(webhook.sideEffects, sideEffects, at.child('sideEffects'))),
  ];
  if (timeout !== undefined && (timeout < 1 || timeout > 30))
    errors.push(fieldInvalid(at.child('timeoutSeconds'), timeout, 'the timeout value must be between 1 and 30 seconds'));
  return [
    ...errors,
    ...validateLabelSelector(webhook.namespaceSelector, at.child('namespaceSelector')),
    ...validateLabelSelector(webhook.objectSelector, at.child('objectSelector')),
    ...clientConfigErrors(webhook.clientConfig ?? {}, at.child('clientConfig')),
    ...oneOf(webhook.reinvocationPolicy, ['IfNeeded', 'Never'], at.child('reinvocationPolicy')),
    ...matchConditionErrors(webhook.matchConditions, at.child('matchConditions')),
  ];
}

/** `hook.team.example.com` */
function qualifiedNameErrors(name: string | undefined, at: FieldPath): FieldError[] {
  if (!name) return [fieldRequired(at)];
  const problems = isDNS1123Subdomain(name);
  if (problems.length > 0) return [fieldInvalid(at, name, problems.join(','))];
  if (name.split('.').length >= 3) return [];
  return [fieldInvalid(at, name, 'should be a domain with at least three segments separated by dots')];
}

/** At least one version of the review must be one this server speaks. */
export function versionErrors(
  versions: readonly string[],
  at: FieldPath,
  needed = `must specify one of ${reviewVersions.join(', ')}`,
): FieldError[] {
  if (versions.length === 0) return [fieldRequired(at, needed)];
  const again = repeats(versions);
  const errors = versions.flatMap((version, index) =>
    again.has(index)
      ? [fieldInvalid(at.index(index), version, 'duplicate version')]
      : invalidBy(isDNS1035Label(version), at.index(index), version),
  );
  if (!versions.some((version) => reviewVersions.includes(version)))
    errors.push(fieldInvalid(at, versions, `must include at least one of ${reviewVersions.join(', ')}`));
  return errors;
}
