import { canonicalQuantity, compareStrings, storageClassOf } from '@keelson/machinery';
import { type PersistentVolumeClaim, type PersistentVolumeClaimTemplate, Pod } from '@keelson/types';
import type { Cluster } from '../cluster.ts';
import { annotationLines, field, type Lines, labelLines, listed, phaseText, tableLines, timeOrZero } from './lines.ts';

export async function describeClaim(cluster: Cluster, claim: PersistentVolumeClaim, now: number): Promise<Lines> {
  const { items } = await cluster.api.list(Pod, { namespace: claim.metadata.namespace });
  return claimLines(claim, items, now);
}

/** @param pods those of its namespace. @param now milliseconds since the epoch. */
export function claimLines(claim: PersistentVolumeClaim, pods: readonly Pod[], now: number): Lines {
  const { metadata, spec, status } = claim;
  const users = pods.filter((pod) => usesClaim(pod, metadata.name ?? '')).map(({ metadata: { name = '' } }) => name);
  return [
    field(0, 'Name', metadata.name),
    field(0, 'Namespace', metadata.namespace),
    field(0, 'StorageClass', storageClassOf(claim)),
    field(0, 'Status', phaseText(metadata, status?.phase, now)),
    field(0, 'Volume', spec?.volumeName),
    ...labelLines(0, metadata.labels),
    ...annotationLines(0, metadata.annotations),
    field(0, 'Finalizers', `[${(metadata.finalizers ?? []).join(' ')}]`),
    ...storageLines(0, claim),
    ...listed(0, 'Used By', users.sort(compareStrings)),
    ...conditionLines(status?.conditions ?? []),
  ];
}

/** The claim that a pod's volume is to have, under the volume's type. */
export function claimTemplateLines({ metadata, spec }: PersistentVolumeClaimTemplate): Lines {
  const inset = '    ';
  return [
    field(2, 'StorageClass', storageClassOf({ metadata: metadata ?? {}, spec })),
    field(2, 'Volume', spec.volumeName),
    ...labelLines(2, metadata?.labels, 'Labels', inset),
    ...annotationLines(2, metadata?.annotations, inset),
    ...storageLines(2, { metadata: metadata ?? {}, spec }),
  ];
}

/** What it has of its volume, once it has one, and what is to be copied to it. */
function storageLines(level: number, { spec, status }: PersistentVolumeClaim): Lines {
  const bound = spec?.volumeName ? status?.capacity?.storage || '0' : undefined;
  const { dataSource } = spec ?? {};
  return [
    field(level, 'Capacity', bound && canonicalQuantity(bound)),
    field(level, 'Access Modes', bound && accessModesText(status?.accessModes)),
    ...(spec?.volumeMode ? [field(level, 'VolumeMode', spec.volumeMode)] : []),
    ...(dataSource
      ? [
          `${'  '.repeat(level)}DataSource:`,
          ...(dataSource.apiGroup === undefined ? [] : [field(level + 1, 'APIGroup', dataSource.apiGroup)]),
          field(level + 1, 'Kind', dataSource.kind),
          field(level + 1, 'Name', dataSource.name),
        ]
      : []),
  ];
}

const modes = { ReadWriteOnce: 'RWO', ReadOnlyMany: 'ROX', ReadWriteMany: 'RWX', ReadWriteOncePod: 'RWOP' };

/** `RWO,RWX`: always in this order. */
export function accessModesText(wanted: readonly string[] = []): string {
  return Object.entries(modes)
    .filter(([mode]) => wanted.includes(mode))
    .map(([, short]) => short)
    .join(',');
}

function usesClaim({ metadata, spec }: Pod, claim: string): boolean {
  return (spec?.volumes ?? []).some(
    ({ name, persistentVolumeClaim, ephemeral }) =>
      persistentVolumeClaim?.claimName === claim || (ephemeral !== undefined && `${metadata.name}-${name}` === claim),
  );
}

function conditionLines(conditions: NonNullable<NonNullable<PersistentVolumeClaim['status']>['conditions']>): Lines {
  if (conditions.length === 0) return [];
  const rows = conditions.map(({ type, status, lastProbeTime, lastTransitionTime, reason = '', message = '' }) => [
    `${type} `,
    `${status} `,
    `${timeOrZero(lastProbeTime)} `,
    `${timeOrZero(lastTransitionTime)} `,
    `${reason} `,
    message,
  ]);
  const titles = ['Type', 'Status', 'LastProbeTime', 'LastTransitionTime', 'Reason', 'Message'];
  // Of these dashes upstream has as many as `LastHeartbeatTime` has letters.
  const dashes = ['----', '------', '-----------------', '------------------', '------', '-------'];
  return ['Conditions:', ...tableLines(1, titles, rows, dashes)];
}
