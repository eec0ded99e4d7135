import {
  equal,
  type FieldError,
  type FieldPath,
  fieldForbidden,
  fieldInvalid,
  fieldRequired,
  fieldUnsupported,
  labelSelectorMatcher,
  path,
  validateLabelSelector,
  validateNonNegative,
} from '@keelson/machinery';
import type { PersistentVolumeClaim, PodTemplateSpec, StatefulSet } from '@keelson/types';
import { claimSpecErrors } from '../core/persistent-volume-claim-validation.ts';
import { podTemplateErrors } from '../core/pod-validation.ts';
import { intOrPercent, intOrPercentValue, nonNegative } from '../field-checks.ts';
import { alwaysRunning, collisionErrors, isEmptySelector } from './workload-validation.ts';

const at = path('spec');
const managementPolicies = ['OrderedReady', 'Parallel'];
const retentionPolicies = ['Retain', 'Delete'];

export function statefulSetErrors({ spec }: StatefulSet): FieldError[] {
  if (!spec) return [fieldRequired(at)];
  const { podManagementPolicy: management, persistentVolumeClaimRetentionPolicy: retention, ordinals } = spec;
  const errors: FieldError[] = [];
  if (!management) errors.push(fieldRequired(at.child('podManagementPolicy')));
  else if (!managementPolicies.includes(management))
    errors.push(fieldInvalid(at.child('podManagementPolicy'), management, "must be 'OrderedReady' or 'Parallel'"));
  errors.push(...strategyErrors(spec));
  for (const member of ['whenDeleted', 'whenScaled'] as const) {
    const where = at.child('persistentVolumeClaimRetentionPolicy', member);
    if (retention && !retentionPolicies.includes(retention[member] ?? ''))
      errors.push(fieldUnsupported(where, retention[member] ?? '', retentionPolicies));
  }
  return [
    ...errors,
    ...nonNegative(spec, at, 'replicas', 'minReadySeconds', 'revisionHistoryLimit'),
    ...validateNonNegative(ordinals?.start ?? 0, at.child('ordinals.start')),
    ...selectorErrors(spec),
    ...claimTemplateErrors(spec.volumeClaimTemplates ?? [], at.child('volumeClaimTemplates')),
    ...podTemplateErrors(withClaimVolumes(spec), at.child('template')),
    ...alwaysRunning(spec.template, at.child('template'), 'StatefulSet'),
  ];
}

function strategyErrors({ updateStrategy }: StatefulSet['spec']): FieldError[] {
  const where = at.child('updateStrategy');
  const { type, rollingUpdate } = updateStrategy ?? {};
  const rolling = where.child('rollingUpdate');
  if (!type) return [fieldRequired(where)];
  if (type === 'OnDelete')
    return rollingUpdate ? [fieldInvalid(rolling, rollingUpdate, "only allowed for updateStrategy 'RollingUpdate'")] : [];
  if (type !== 'RollingUpdate') return [fieldInvalid(where, updateStrategy, "must be 'RollingUpdate' or 'OnDelete'")];
  const errors = rollingUpdate ? nonNegative(rollingUpdate, rolling, 'partition') : [];
  const maxUnavailable = rollingUpdate?.maxUnavailable;
  if (maxUnavailable === undefined) return errors;
  errors.push(...intOrPercent(maxUnavailable, rolling.child('maxUnavailable')));
  if (intOrPercentValue(maxUnavailable) === 0) errors.push(fieldInvalid(rolling.child('maxUnavailable'), maxUnavailable, 'cannot be 0'));
  return errors;
}

function selectorErrors({ selector, template }: StatefulSet['spec']): FieldError[] {
  const where = at.child('selector');
  const errors = selector ? validateLabelSelector(selector, where) : [fieldRequired(where)];
  if (selector && errors.length > 0) return errors;
  if (selector && isEmptySelector(selector)) return [fieldInvalid(where, selector, 'empty selector is invalid for statefulset')];
  const labels = template?.metadata?.labels ?? {};
  if (labelSelectorMatcher(selector).matches(labels)) return errors;
  return [...errors, fieldInvalid(at.child('template', 'metadata', 'labels'), labels, '`selector` does not match template `labels`')];
}

function claimTemplateErrors(templates: readonly PersistentVolumeClaim[], where: FieldPath): FieldError[] {
  return templates.flatMap(({ spec }, index) => claimSpecErrors(spec, where.index(index).child('spec')));
}

/** The template as the pods get it: every claim template is a volume of its name. */
function withClaimVolumes({ template, volumeClaimTemplates }: StatefulSet['spec']): PodTemplateSpec | undefined {
  if (!template?.spec || !volumeClaimTemplates?.length) return template;
  const claims = volumeClaimTemplates.map(({ metadata }) => metadata?.name ?? '');
  const own = (template.spec.volumes ?? []).filter(({ name }) => !claims.includes(name));
  const volumes = [...own, ...claims.map((name) => ({ name, persistentVolumeClaim: { claimName: name } }))];
  return { ...template, spec: { ...template.spec, volumes } };
}

const changeable = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
] as const;

export function statefulSetUpdateErrors(next: StatefulSet, old: StatefulSet): FieldError[] {
  const kept = { ...next.spec };
  for (const member of changeable) Object.assign(kept, { [member]: old.spec[member] });
  if (equal(kept, old.spec)) return [];
  const quoted = changeable.map((member) => `'${member}'`);
  const list = `${quoted.slice(0, -1).join(', ')} and ${quoted.at(-1)}`;
  return [fieldForbidden(at, `updates to statefulset spec for fields other than ${list} are forbidden`)];
}

export function statefulSetStatusErrors({ status }: StatefulSet, old: StatefulSet): FieldError[] {
  const where = path('status');
  if (!status) return [];
  const counts = ['readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas'] as const;
  const errors = nonNegative(status, where, 'replicas', ...counts, 'observedGeneration', 'collisionCount');
  for (const count of counts) {
    const value = status[count] ?? 0;
    if (value > (status.replicas ?? 0)) errors.push(fieldInvalid(where.child(count), value, 'cannot be greater than status.replicas'));
  }
  const { availableReplicas = 0, readyReplicas = 0 } = status;
  if (availableReplicas > readyReplicas)
    errors.push(fieldInvalid(where.child('availableReplicas'), availableReplicas, 'cannot be greater than status.readyReplicas'));
  return [...errors, ...collisionErrors(status, old.status, where)];
}
