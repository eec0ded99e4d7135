import { isDefaultClass } from '@keelson/machinery';
import type { CSINode, CSINodeDriver, StorageClass, VolumeAttributesClass } from '@keelson/types';
import { field, flat, head, type Lines, timeText } from './lines.ts';
import { termLines } from './persistent-volume.ts';

export function storageClassLines(storageClass: StorageClass): Lines {
  const { metadata, provisioner, parameters, allowVolumeExpansion, mountOptions, reclaimPolicy, volumeBindingMode } = storageClass;
  const options = mountOptions ?? [];
  return [
    field(0, 'Name', metadata.name),
    field(0, 'IsDefaultClass', isDefaultClass('StorageClass', storageClass) ? 'Yes' : 'No'),
    ...field(0, 'Annotations', flat(metadata.annotations)).split('\n'),
    field(0, 'Provisioner', provisioner),
    field(0, 'Parameters', flat(parameters)),
    field(0, 'AllowVolumeExpansion', allowVolumeExpansion === undefined ? '<unset>' : allowVolumeExpansion ? 'True' : 'False'),
    ...(options.length === 0 ? [field(0, 'MountOptions', '<none>')] : ['MountOptions:', ...options.map((option) => `  ${option}`)]),
    ...(reclaimPolicy ? [field(0, 'ReclaimPolicy', reclaimPolicy)] : []),
    ...(volumeBindingMode ? [field(0, 'VolumeBindingMode', volumeBindingMode)] : []),
    ...topologyLines(storageClass.allowedTopologies),
  ];
}

/** Where its volumes may be made. */
function topologyLines(terms: StorageClass['allowedTopologies']): Lines {
  if (!terms) return [];
  if (terms.length === 0) return [field(0, 'AllowedTopologies', '<none>')];
  return [
    field(0, 'AllowedTopologies', ''),
    ...terms.flatMap(({ matchLabelExpressions = [] }, index) =>
      termLines(
        1,
        index,
        matchLabelExpressions.map(({ key, values }) => `${key} in${values.length > 0 ? ` [${values.join(', ')}]` : ''}`),
      ),
    ),
  ];
}

export function volumeAttributesClassLines({ metadata, driverName, parameters }: VolumeAttributesClass): Lines {
  return [
    field(0, 'Name', metadata.name),
    field(0, 'Annotations', flat(metadata.annotations)),
    field(0, 'DriverName', driverName),
    field(0, 'Parameters', flat(parameters)),
  ];
}

export function csiNodeLines({ metadata, spec }: CSINode): Lines {
  return [
    ...head(metadata),
    field(0, 'CreationTimestamp', timeText(metadata.creationTimestamp)),
    'Spec:',
    ...(spec.drivers ? ['  Drivers:', ...spec.drivers.flatMap(driverLines)] : []),
  ];
}

function driverLines({ name, nodeID, allocatable, topologyKeys }: CSINodeDriver): Lines {
  return [
    `    ${name}:`,
    field(3, 'Node ID', nodeID),
    ...(allocatable?.count === undefined ? [] : ['      Allocatables:', field(4, 'Count', allocatable.count)]),
    ...(topologyKeys ? [field(3, 'Topology Keys', `[${topologyKeys.join(' ')}]`)] : []),
  ];
}
