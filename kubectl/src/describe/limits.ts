import { compareStrings } from '@keelson/machinery';
import type { PodDisruptionBudget, PriorityClass, ResourceQuota, StorageClass } from '@keelson/types';
import { field, type Lines } from './lines.ts';

/** What a quota allows of each resource and how much of it is taken. */
export function quotaLines({ metadata, spec, status }: ResourceQuota): Lines {
  const hard = status?.hard ?? spec?.hard ?? {};
  const rows = Object.keys(hard)
    .sort(compareStrings)
    .map((name) => `${name}\t${status?.used?.[name] ?? '0'}\t${hard[name]}`);
  const scopes = [...(spec?.scopes ?? [])].sort(compareStrings).join(', ');
  return [
    field(0, 'Name', metadata.name),
    field(0, 'Namespace', metadata.namespace),
    ...(scopes === '' ? [] : [field(0, 'Scopes', scopes)]),
    'Resource\tUsed\tHard',
    '--------\t----\t----',
    ...rows,
  ];
}

/** @param selector the budget's, as text. */
export function budgetLines({ metadata, spec, status }: PodDisruptionBudget, selector: string): Lines {
  const { minAvailable, maxUnavailable } = spec ?? {};
  const { disruptionsAllowed = 0, currentHealthy = 0, desiredHealthy = 0, expectedPods = 0 } = status ?? {};
  return [
    field(0, 'Name', metadata.name),
    field(0, 'Namespace', metadata.namespace),
    ...(minAvailable === undefined ? [] : [field(0, 'Min available', minAvailable)]),
    ...(minAvailable === undefined && maxUnavailable !== undefined ? [field(0, 'Max unavailable', maxUnavailable)] : []),
    field(0, 'Selector', selector || '<unset>'),
    'Status:',
    field(2, 'Allowed disruptions', disruptionsAllowed),
    field(2, 'Current', currentHealthy),
    field(2, 'Desired', desiredHealthy),
    field(2, 'Total', expectedPods),
  ];
}

/** Annotations as `key=value`, one after the other. */
function flat(annotations: Readonly<Record<string, string>> | undefined): string {
  const pairs = Object.entries(annotations ?? {}).sort(([a], [b]) => compareStrings(a, b));
  return pairs.length === 0 ? '<none>' : pairs.map(([key, value]) => `${key}=${value}`).join(',');
}

export function priorityClassLines({ metadata, value, globalDefault, preemptionPolicy, description }: PriorityClass): Lines {
  return [
    field(0, 'Name', metadata.name),
    field(0, 'Value', value),
    field(0, 'GlobalDefault', globalDefault ?? false),
    field(0, 'PreemptionPolicy', preemptionPolicy),
    field(0, 'Description', description),
    field(0, 'Annotations', flat(metadata.annotations)),
  ];
}

export function storageClassLines(storageClass: StorageClass): Lines {
  const { metadata, provisioner, parameters, allowVolumeExpansion, mountOptions, reclaimPolicy, volumeBindingMode } = storageClass;
  const isDefault = metadata.annotations?.['storageclass.kubernetes.io/is-default-class'] === 'true';
  const options = mountOptions ?? [];
  return [
    field(0, 'Name', metadata.name),
    field(0, 'IsDefaultClass', isDefault ? 'Yes' : 'No'),
    ...field(0, 'Annotations', flat(metadata.annotations)).split('\n'),
    field(0, 'Provisioner', provisioner),
    field(0, 'Parameters', flat(parameters)),
    field(0, 'AllowVolumeExpansion', allowVolumeExpansion === undefined ? '<unset>' : allowVolumeExpansion ? 'True' : 'False'),
    ...(options.length === 0 ? [field(0, 'MountOptions', '<none>')] : ['MountOptions:', ...options.map((option) => `  ${option}`)]),
    ...(reclaimPolicy ? [field(0, 'ReclaimPolicy', reclaimPolicy)] : []),
    ...(volumeBindingMode ? [field(0, 'VolumeBindingMode', volumeBindingMode)] : []),
  ];
}
