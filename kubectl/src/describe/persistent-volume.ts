import { canonicalQuantity, storageClassOf } from '@keelson/machinery';
import type { NodeSelectorTerm, PersistentVolume, PersistentVolumeSpec } from '@keelson/types';
import { accessModesText } from './claims.ts';
import { diskLines } from './disks.ts';
import { annotationLines, field, type Lines, labelLines, listed, phaseText } from './lines.ts';
import { attributeLines, csiType } from './volumes.ts';

/** @param now milliseconds since the epoch. */
export function persistentVolumeLines(volume: PersistentVolume, now: number): Lines {
  const { metadata, spec, status } = volume;
  const { claimRef, capacity, volumeMode } = spec ?? {};
  return [
    field(0, 'Name', metadata.name),
    ...labelLines(0, metadata.labels),
    ...annotationLines(0, metadata.annotations),
    field(0, 'Finalizers', `[${(metadata.finalizers ?? []).join(' ')}]`),
    field(0, 'StorageClass', storageClassOf(volume)),
    field(0, 'Status', phaseText(metadata, status?.phase, now)),
    field(0, 'Claim', claimRef ? `${claimRef.namespace ?? ''}/${claimRef.name ?? ''}` : ''),
    field(0, 'Reclaim Policy', spec?.persistentVolumeReclaimPolicy),
    field(0, 'Access Modes', accessModesText(spec?.accessModes)),
    ...(volumeMode ? [field(0, 'VolumeMode', volumeMode)] : []),
    field(0, 'Capacity', canonicalQuantity(capacity?.storage ?? '0')),
    ...affinityLines(spec?.nodeAffinity?.required?.nodeSelectorTerms),
    field(0, 'Message', status?.message),
    'Source:',
    ...(spec ? sourceLines(spec) : []),
  ];
}

function sourceLines(spec: PersistentVolumeSpec): Lines {
  const { csi, local } = spec;
  if (local) {
    return [field(2, 'Type', 'LocalVolume (a persistent volume backed by local storage on a node)'), field(2, 'Path', local.path)];
  }
  if (!csi) return diskLines(spec, true) ?? ['  <unknown>'];
  return [
    field(2, 'Type', csiType),
    field(2, 'Driver', csi.driver),
    field(2, 'FSType', csi.fsType),
    field(2, 'VolumeHandle', csi.volumeHandle),
    field(2, 'ReadOnly', csi.readOnly ?? false),
    ...attributeLines(csi.volumeAttributes),
  ];
}

/** The nodes it can be reached from. */
function affinityLines(terms: readonly NodeSelectorTerm[] | undefined): Lines {
  if (terms === undefined) return [field(0, 'Node Affinity', '<none>')];
  if (terms.length === 0) return [field(0, 'Node Affinity', ''), field(1, 'Required Terms', '<none>')];
  return [
    field(0, 'Node Affinity', ''),
    field(1, 'Required Terms', ''),
    ...terms.flatMap(({ matchExpressions }, index) =>
      termLines(
        2,
        index,
        (matchExpressions ?? []).map(({ key, operator, values = [] }) => {
          const text = `${key} ${operator.toLowerCase()}`;
          return values.length > 0 ? `${text} [${values.join(', ')}]` : text;
        }),
      ),
    ),
  ];
}

/** One of several terms, a requirement a line. */
export function termLines(level: number, index: number, requirements: readonly string[]): Lines {
  return listed(level, `Term ${index}`, requirements);
}
