import type { PersistentVolumeClaim, Pod, ResourceQuota, ScopedResourceSelectorRequirement } from '@keelson/types';
import { qosClass } from '../podresources.ts';

/** Whether a quota is about a pod at all: every scope it names must hold. */
export function quotaMatchesPod({ spec }: ResourceQuota, pod: Pod): boolean {
  return scopesOf(spec).every((scope) => holds(scope, pod));
}

/** Whether a quota is about a claim: every scope it names must hold, and those of claims are all about their classes. */
export function quotaMatchesClaim({ spec }: ResourceQuota, claim: PersistentVolumeClaim): boolean {
  const classes = attributesClasses(claim);
  return scopesOf(spec).every(
    ({ scopeName, operator, values = [] }) =>
      scopeName === 'VolumeAttributesClass' && (classes.length > 0 ? classes : ['']).some((name) => matches(operator, values, name)),
  );
}

/** The volume attributes classes a claim asks for, has, or is about to have. */
export function attributesClasses({ spec, status }: PersistentVolumeClaim): readonly string[] {
  const { currentVolumeAttributesClassName: current, modifyVolumeStatus } = status ?? {};
  const named = [spec?.volumeAttributesClassName, current, modifyVolumeStatus?.targetVolumeAttributesClassName];
  return [...new Set(named.flatMap((name) => name || []))];
}

/** The scopes of a quota, plain ones as selectors that say they exist. */
export function scopesOf(spec: ResourceQuota['spec']): ScopedResourceSelectorRequirement[] {
  const plain = (spec?.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists' }));
  return [...plain, ...(spec?.scopeSelector?.matchExpressions ?? [])];
}

function holds({ scopeName, operator, values }: ScopedResourceSelectorRequirement, pod: Pod): boolean {
  switch (scopeName) {
    case 'Terminating':
      return isBounded(pod);
    case 'NotTerminating':
      return !isBounded(pod);
    case 'BestEffort':
      return qosClass(pod) === 'BestEffort';
    case 'NotBestEffort':
      return qosClass(pod) !== 'BestEffort';
    case 'PriorityClass':
      return matches(operator, values ?? [], pod.spec.priorityClassName ?? '');
    case 'CrossNamespacePodAffinity':
      return crossesNamespaces(pod);
    default:
      return false;
  }
}

/** A pod that ends by itself at some time. */
function isBounded({ spec }: Pod): boolean {
  return spec.activeDeadlineSeconds !== undefined && spec.activeDeadlineSeconds >= 0;
}

function matches(operator: string, values: readonly string[], value: string): boolean {
  switch (operator) {
    case 'In':
      return values.includes(value);
    case 'NotIn':
      return !values.includes(value);
    case 'DoesNotExist':
      return value === '';
    default:
      return value !== '';
  }
}

function crossesNamespaces({ spec }: Pod): boolean {
  const { podAffinity, podAntiAffinity } = spec.affinity ?? {};
  const terms = [podAffinity, podAntiAffinity].flatMap((one) => [
    ...(one?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(one?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ podAffinityTerm }) => podAffinityTerm),
  ]);
  return terms.some((term) => (term?.namespaces?.length ?? 0) > 0 || term?.namespaceSelector !== undefined);
}
