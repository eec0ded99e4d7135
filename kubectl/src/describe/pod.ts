import { controllerOf, humanDuration, parseTime, qosClass } from '@keelson/machinery';
import type { Pod, PodCondition, PodSpec } from '@keelson/types';
import { amountLines, containersLines, seccompLines } from './containers.ts';
import { annotationLines, field, type Lines, labelLines, tableLines, timeText } from './lines.ts';
import { groupLines, placementLines, spreadLines } from './template.ts';
import { volumesLines } from './volumes.ts';

/** @param now milliseconds since the epoch. */
export function podLines(pod: Pod, now: number): Lines {
  const { metadata, spec, status = {} } = pod;
  const controller = controllerOf(metadata);
  const ips = (status.podIPs ?? []).map(({ ip }) => field(1, 'IP', ip));
  return [
    ...placeLines(pod),
    ...labelLines(0, metadata.labels),
    ...annotationLines(0, metadata.annotations),
    ...phaseLines(metadata, status, now),
    ...seccompLines(0, spec?.securityContext?.seccompProfile),
    field(0, 'IP', status.podIP),
    ...(ips.length === 0 ? ['IPs:\t<none>'] : ['IPs:', ...ips]),
    ...(controller ? [field(0, 'Controlled By', `${controller.kind}/${controller.name}`)] : []),
    ...(status.nominatedNodeName ? [field(0, 'NominatedNodeName', status.nominatedNodeName)] : []),
    ...resourceLines(spec?.resources),
    ...allContainersLines(pod),
    ...gateLines(spec?.readinessGates, status.conditions),
    ...conditionLines(status.conditions),
    ...volumesLines(spec?.volumes, false),
    field(0, 'QoS Class', status.qosClass ?? qosClass(pod)),
    ...placementLines(0, spec),
    ...spreadLines(0, spec),
    ...groupLines(0, spec),
  ];
}

/** What it is called, how much it matters, and where it is. */
function placeLines({ metadata, spec, status = {} }: Pod): Lines {
  return [
    field(0, 'Name', metadata.name),
    field(0, 'Namespace', metadata.namespace),
    ...(spec?.priority === undefined ? [] : [field(0, 'Priority', spec.priority)]),
    ...(spec?.priorityClassName ? [field(0, 'Priority Class Name', spec.priorityClassName)] : []),
    ...(spec?.runtimeClassName ? [field(0, 'Runtime Class Name', spec.runtimeClassName)] : []),
    ...(spec?.serviceAccountName ? [field(0, 'Service Account', spec.serviceAccountName)] : []),
    field(0, 'Node', spec?.nodeName ? `${spec.nodeName}/${status.hostIP ?? ''}` : '<none>'),
    ...(status.startTime ? [field(0, 'Start Time', timeText(status.startTime))] : []),
  ];
}

function allContainersLines(pod: Pod): Lines {
  const { initContainers = [], containers = [], ephemeralContainers = [] } = pod.spec ?? {};
  const { initContainerStatuses = [], containerStatuses = [], ephemeralContainerStatuses = [] } = pod.status ?? {};
  return [
    ...(initContainers.length > 0 ? containersLines('Init Containers', initContainers, initContainerStatuses, pod) : []),
    ...containersLines('Containers', containers ?? [], containerStatuses, pod),
    ...(ephemeralContainers.length > 0
      ? containersLines('Ephemeral Containers', ephemeralContainers, ephemeralContainerStatuses, pod)
      : []),
  ];
}

function conditionLines(conditions: readonly PodCondition[] = []): Lines {
  const rows = conditions.map(({ type, status }) => [`${type} `, `${status} `]);
  return rows.length > 0 ? ['Conditions:', ...tableLines(1, ['Type', 'Status'], rows, false)] : [];
}

/** What is asked for by the pod as a whole. */
function resourceLines(resources: PodSpec['resources']): Lines {
  if (!resources) return [];
  return ['Resources:', ...amountLines(1, 'Limits', resources.limits), ...amountLines(1, 'Requests', resources.requests)];
}

/** The conditions that its readiness waits for. */
function gateLines(gates: PodSpec['readinessGates'] = [], conditions: readonly PodCondition[] = []): Lines {
  if (gates.length === 0) return [];
  const rows = gates.map(({ conditionType }) => {
    const condition = conditions.find(({ type }) => type === conditionType);
    return [`${conditionType} `, `${condition?.status ?? '<none>'} `];
  });
  return ['Readiness Gates:', ...tableLines(1, ['Type', 'Status'], rows, false)];
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
