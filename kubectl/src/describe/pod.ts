import { controllerOf, humanDuration, parseTime } from '@keelson/machinery';
import type { Pod } from '@keelson/types';
import { containersLines } from './containers.ts';
import { annotationLines, field, type Lines, labelLines, listed, tableLines, timeText } from './lines.ts';
import { placementLines } from './template.ts';
import { volumesLines } from './volumes.ts';

/** @param now milliseconds since the epoch. */
export function podLines(pod: Pod, now: number): Lines {
  const { metadata, spec, status = {} } = pod;
  const controller = controllerOf(metadata);
  const conditions = status.conditions ?? [];
  return [
    field(0, 'Name', metadata.name),
    field(0, 'Namespace', metadata.namespace),
    ...(spec?.priority === undefined ? [] : [field(0, 'Priority', spec.priority)]),
    ...(spec?.priorityClassName ? [field(0, 'Priority Class Name', spec.priorityClassName)] : []),
    ...(spec?.runtimeClassName ? [field(0, 'Runtime Class Name', spec.runtimeClassName)] : []),
    ...(spec?.serviceAccountName ? [field(0, 'Service Account', spec.serviceAccountName)] : []),
    field(0, 'Node', spec?.nodeName ? `${spec.nodeName}/${status.hostIP ?? ''}` : '<none>'),
    ...(status.startTime ? [field(0, 'Start Time', timeText(status.startTime))] : []),
    ...labelLines(0, metadata.labels),
    ...annotationLines(0, metadata.annotations),
    ...phaseLines(metadata, status, now),
    field(0, 'IP', status.podIP),
    ...((status.podIPs ?? []).length === 0 ? ['IPs:\t<none>'] : ['IPs:', ...(status.podIPs ?? []).map(({ ip }) => field(1, 'IP', ip))]),
    ...(controller ? [field(0, 'Controlled By', `${controller.kind}/${controller.name}`)] : []),
    ...(status.nominatedNodeName ? [field(0, 'NominatedNodeName', status.nominatedNodeName)] : []),
    ...(spec?.initContainers?.length
      ? containersLines('Init Containers', spec.initContainers, status.initContainerStatuses ?? [], pod)
      : []),
    ...containersLines('Containers', spec?.containers ?? [], status.containerStatuses ?? [], pod),
    ...(conditions.length > 0
      ? [
          'Conditions:',
          ...tableLines(
            1,
            ['Type', 'Status'],
            conditions.map(({ type, status: is }) => [`${type} `, `${is} `]),
            false,
          ),
        ]
      : []),
    ...volumesLines(spec?.volumes, false),
    ...(status.qosClass ? [field(0, 'QoS Class', status.qosClass)] : []),
    ...placementLines(0, spec),
    ...((spec?.topologySpreadConstraints ?? []).length > 0
      ? listed(
          0,
          'Topology Spread Constraints',
          (spec?.topologySpreadConstraints ?? []).map(
            ({ topologyKey, whenUnsatisfiable, maxSkew }) => `${topologyKey}:${whenUnsatisfiable} when max skew ${maxSkew} is exceeded`,
          ),
        )
      : []),
  ];
}

function phaseLines(metadata: Pod['metadata'], status: NonNullable<Pod['status']>, now: number): Lines {
  const deleted = parseTime(metadata.deletionTimestamp);
  const phase =
    deleted === undefined || status.phase === 'Failed' || status.phase === 'Succeeded'
      ? [field(0, 'Status', status.phase)]
      : [
          field(0, 'Status', `Terminating (lasts ${humanDuration(now - deleted)})`),
          field(0, 'Termination Grace Period', `${metadata.deletionGracePeriodSeconds ?? 0}s`),
        ];
  return [
    ...phase,
    ...(status.reason ? [field(0, 'Reason', status.reason)] : []),
    ...(status.message ? [field(0, 'Message', status.message)] : []),
  ];
}
