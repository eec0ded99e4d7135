import {
  copyOf,
  equal,
  type FieldError,
  type FieldPath,
  fieldInvalid,
  fieldRequired,
  fieldUnsupported,
  isConditionTrue,
  isDNS1123Label,
  labelSelectorMatcher,
  path,
  validateImmutable,
  validateLabelSelector,
} from '@keelson/machinery';
import type { Job, JobSpec, PodTemplateSpec } from '@keelson/types';
import { podTemplateErrors } from '../core/pod-validation.ts';
import { atMostBytes, domainPrefixedPath, nonNegative, oneOf } from '../field-checks.ts';
import { podFailurePolicyErrors, successPolicyErrors } from './job-policies.ts';

const at = path('spec');

/** Labels a job's pods have, after the job's uid and name; the second pair is the first's old spelling. */
export const uidLabels = ['batch.kubernetes.io/controller-uid', 'controller-uid'] as const;
export const nameLabels = ['batch.kubernetes.io/job-name', 'job-name'] as const;

const managedByLimit = 63;
const indexedLimit = 100_000;
const manyCompletions = 100_000;
const manyCompletionsLimit = 10_000;

export function jobErrors(job: Job): FieldError[] {
  const { spec, metadata } = job;
  if (!spec) return [fieldRequired(at)];
  const errors = [...generatedSelectorErrors(job), ...jobSpecErrors(spec, at), ...selectorErrors(spec)];
  if (spec.completionMode !== 'Indexed' || !spec.completions) return errors;
  const hostname = `${metadata.name}-${spec.completions - 1}`;
  if (isDNS1123Label(hostname).length === 0) return errors;
  const detail = `will not able to create pod with invalid DNS label: ${hostname}`;
  return [...errors, fieldInvalid(path('metadata', 'name'), metadata.name, detail)];
}

/** Unless the selector is the user's own, the template must have the labels the server put there, and no others in their place. */
function generatedSelectorErrors({ metadata, spec }: Job): FieldError[] {
  if (spec.manualSelector || !spec.selector) return [];
  const where = at.child('template', 'metadata', 'labels');
  const labels = spec.template?.metadata?.labels ?? {};
  const expected: Record<string, string> = {};
  for (const label of uidLabels) expected[label] = metadata.uid ?? '';
  for (const label of nameLabels) expected[label] = metadata.name ?? '';
  const errors: FieldError[] = [];
  for (const label of [uidLabels[1], nameLabels[1], uidLabels[0], nameLabels[0]]) {
    const detail = `must be '${expected[label]}'`;
    if (labels[label] === undefined) errors.push(fieldRequired(where.key(label), detail));
    else if (labels[label] !== expected[label]) errors.push(fieldInvalid(where.key(label), labels, detail));
  }
  if (validateLabelSelector(spec.selector, at).length === 0 && !labelSelectorMatcher(spec.selector).matches(expected))
    errors.push(fieldInvalid(at.child('selector'), spec.selector, '`selector` not auto-generated'));
  return errors;
}

function selectorErrors({ selector, template }: JobSpec): FieldError[] {
  const errors = selector ? validateLabelSelector(selector, at.child('selector')) : [fieldRequired(at.child('selector'))];
  const labels = template?.metadata?.labels ?? {};
  if (errors.length > 0 || labelSelectorMatcher(selector).matches(labels)) return errors;
  return [fieldInvalid(at.child('template', 'metadata', 'labels'), labels, '`selector` does not match template `labels`')];
}

/** What a job and a cron job's template have alike: everything but the selector. */
export function jobSpecErrors(spec: JobSpec, where: FieldPath): FieldError[] {
  const errors = nonNegative(
    spec,
    where,
    'parallelism',
    'completions',
    'activeDeadlineSeconds',
    'backoffLimit',
    'ttlSecondsAfterFinished',
    'backoffLimitPerIndex',
    'maxFailedIndexes',
  );
  if (spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined)
    errors.push(fieldRequired(where.child('backoffLimitPerIndex'), 'when maxFailedIndexes is specified'));
  const managedBy = where.child('managedBy');
  if (spec.managedBy !== undefined)
    errors.push(...domainPrefixedPath(spec.managedBy, managedBy), ...atMostBytes(spec.managedBy, managedByLimit, managedBy));
  errors.push(...oneOf(spec.completionMode, ['NonIndexed', 'Indexed'], where.child('completionMode')));
  errors.push(...(spec.completionMode === 'Indexed' ? indexedErrors(spec, where) : nonIndexedErrors(spec, where)));
  if (spec.podFailurePolicy) errors.push(...podFailurePolicyErrors(spec, where.child('podFailurePolicy')));
  if (spec.successPolicy) errors.push(...successPolicyErrors(spec, where.child('successPolicy')));
  const replacements = spec.podFailurePolicy ? ['Failed'] : ['Failed', 'TerminatingOrFailed'];
  errors.push(...oneOf(spec.podReplacementPolicy, replacements, where.child('podReplacementPolicy')));
  return [...errors, ...templateErrors(spec, where.child('template'))];
}

function indexedErrors(spec: JobSpec, where: FieldPath): FieldError[] {
  const { completions, parallelism, maxFailedIndexes: failures, backoffLimitPerIndex } = spec;
  const errors: FieldError[] = [];
  const atMost = (member: 'parallelism' | 'maxFailedIndexes', limit: number, when: string): void => {
    const value = spec[member];
    if (value !== undefined && value > limit)
      errors.push(fieldInvalid(where.child(member), value, `must be less than or equal to ${limit}${when}`));
  };
  if (completions === undefined) errors.push(fieldRequired(where.child('completions'), 'when completion mode is Indexed'));
  atMost('parallelism', indexedLimit, ' when completion mode is Indexed');
  if (completions !== undefined && failures !== undefined && failures > completions)
    errors.push(fieldInvalid(where.child('maxFailedIndexes'), failures, 'must be less than or equal to completions'));
  atMost('maxFailedIndexes', indexedLimit, '');
  if (completions === undefined || completions <= manyCompletions || backoffLimitPerIndex === undefined) return errors;
  if (failures === undefined)
    errors.push(fieldRequired(where.child('maxFailedIndexes'), `must be specified when completions is above ${manyCompletions}`));
  const when = ` when completions are above ${manyCompletions} and used with backoff limit per index`;
  if (parallelism !== undefined) atMost('parallelism', manyCompletionsLimit, when);
  atMost('maxFailedIndexes', manyCompletionsLimit, when);
  return errors;
}

function nonIndexedErrors(spec: JobSpec, where: FieldPath): FieldError[] {
  if (spec.completionMode !== undefined && spec.completionMode !== 'NonIndexed') return [];
  return (['backoffLimitPerIndex', 'maxFailedIndexes'] as const)
    .filter((member) => spec[member] !== undefined)
    .map((member) => fieldInvalid(where.child(member), spec[member], 'requires indexed completion mode'));
}

function templateErrors({ template, podFailurePolicy }: JobSpec, where: FieldPath): FieldError[] {
  const errors = podTemplateErrors(template, where);
  const policy = template?.spec?.restartPolicy;
  const place = where.child('spec', 'restartPolicy');
  if (!policy || policy === 'Always') errors.push(fieldRequired(place, 'valid values: "OnFailure", "Never"'));
  else if (policy !== 'OnFailure' && policy !== 'Never') errors.push(fieldUnsupported(place, policy, ['OnFailure', 'Never']));
  else if (podFailurePolicy && policy !== 'Never')
    errors.push(fieldInvalid(place, policy, 'only "Never" is supported when podFailurePolicy is specified'));
  return errors;
}

/** What of a job stays as it was made. Where its pods may run can change while it is suspended and has none. */
export function jobUpdateErrors(next: Job, old: Job): FieldError[] {
  const errors = [
    ...completionsErrors(next.spec, old.spec),
    ...validateImmutable(next.spec.selector, old.spec.selector, at.child('selector')),
  ];
  const kept = isParked(old) ? withPlacement(old.spec.template, next.spec.template) : old.spec.template;
  if (!equal(next.spec.template, kept)) errors.push(fieldInvalid(at.child('template'), next.spec.template, 'field is immutable'));
  for (const member of ['completionMode', 'podFailurePolicy', 'backoffLimitPerIndex', 'managedBy', 'successPolicy'] as const)
    errors.push(...validateImmutable(next.spec[member], old.spec[member], at.child(member)));
  return errors;
}

function completionsErrors(next: JobSpec, old: JobSpec): FieldError[] {
  const where = at.child('completions');
  if (next.completionMode !== 'Indexed') return validateImmutable(next.completions, old.completions, where);
  if (next.completions === old.completions || next.completions === undefined || next.completions === next.parallelism) return [];
  return [fieldInvalid(where, next.completions, 'can only be modified in tandem with spec.parallelism')];
}

/** Suspended, and either never started or with its pods gone. */
function isParked({ spec, status }: Job): boolean {
  if (!spec.suspend) return false;
  return !status?.startTime || (isConditionTrue(status.conditions, 'Suspended') && !status.active);
}

/** The old template with what the new one says of where its pods may run and what they ask for. */
function withPlacement(old: PodTemplateSpec, next: PodTemplateSpec): PodTemplateSpec {
  const template = copyOf(old);
  if (!template.spec || !next.spec) return template;
  const { nodeSelector, tolerations, schedulingGates, affinity } = next.spec;
  Object.assign(template.spec, { nodeSelector, tolerations, schedulingGates });
  const affinities = { ...template.spec.affinity, nodeAffinity: affinity?.nodeAffinity };
  template.spec.affinity = affinity || Object.values(affinities).some(Boolean) ? affinities : undefined;
  for (const member of ['containers', 'initContainers'] as const) {
    for (const [index, container] of (template.spec[member] ?? []).entries()) container.resources = next.spec[member]?.[index]?.resources;
  }
  const { labels, annotations } = next.metadata ?? {};
  template.metadata = { ...template.metadata, labels, annotations };
  return template;
}

/** A template that cron jobs make jobs of has no selector: each job gets its own. */
export function jobTemplateErrors(spec: JobSpec | undefined, where: FieldPath): FieldError[] {
  if (!spec) return [fieldRequired(where)];
  const errors = jobSpecErrors(spec, where);
  if (spec.selector) errors.push(fieldInvalid(where.child('selector'), spec.selector, '`selector` will be auto-generated'));
  if (spec.manualSelector) errors.push(fieldUnsupported(where.child('manualSelector'), true, ['nil', 'false']));
  return errors;
}
