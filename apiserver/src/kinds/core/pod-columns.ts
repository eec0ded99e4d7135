import { humanDuration } from '@keelson/machinery';
import type { ContainerStatus, Pod } from '@keelson/types';
import { ageColumn, nameColumn } from '../columns.ts';
import type { Column } from '../types.ts';

export const podColumns: readonly Column<Pod>[] = [
  nameColumn,
  { name: 'Ready', type: 'string', cell: readyText },
  { name: 'Status', type: 'string', cell: podStatusText },
  { name: 'Restarts', type: 'string', cell: restartsText },
  ageColumn,
  { name: 'IP', type: 'string', priority: 1, cell: ({ status }) => status?.podIPs?.[0]?.ip ?? status?.podIP ?? '<none>' },
  { name: 'Node', type: 'string', priority: 1, cell: ({ spec }) => spec.nodeName || '<none>' },
  { name: 'Nominated Node', type: 'string', priority: 1, cell: ({ status }) => status?.nominatedNodeName || '<none>' },
  { name: 'Readiness Gates', type: 'string', priority: 1, cell: readinessGatesText },
];

function isSidecar(pod: Pod, name: string): boolean {
  return pod.spec.initContainers?.some((container) => container.name === name && container.restartPolicy === 'Always') ?? false;
}

function readyText(pod: Pod): string {
  const sidecars = pod.spec.initContainers?.filter(({ restartPolicy }) => restartPolicy === 'Always').length ?? 0;
  const readySidecars = pod.status?.initContainerStatuses?.filter(({ name, ready }) => ready && isSidecar(pod, name)).length ?? 0;
  const ready = pod.status?.containerStatuses?.filter((status) => status.ready && status.state?.running).length ?? 0;
  return `${ready + readySidecars}/${pod.spec.containers.length + sidecars}`;
}

/** The one word (or so) a pod is summed up in: the most telling of its phase, its containers and its deletion. */
export function podStatusText(pod: Pod): string {
  const { status = {}, metadata } = pod;
  const initializing = initText(pod);
  let text = initializing ?? mainText(pod, status.reason || status.phase || '');
  if (metadata.deletionTimestamp && status.reason === 'NodeLost') text = 'Unknown';
  else if (metadata.deletionTimestamp && status.phase !== 'Failed' && status.phase !== 'Succeeded') text = 'Terminating';
  return text;
}

function initText(pod: Pod): string | undefined {
  const all = pod.spec.initContainers ?? [];
  if (all.length === 0) return undefined;
  const statuses = pod.status?.initContainerStatuses ?? [];
  for (const [index, status] of statuses.entries()) {
    const { terminated, waiting } = status.state ?? {};
    if (terminated?.exitCode === 0 && terminated) continue;
    if (isSidecar(pod, status.name) && status.started) continue;
    if (terminated)
      return `Init:${terminated.reason || (terminated.signal ? `Signal:${terminated.signal}` : `ExitCode:${terminated.exitCode}`)}`;
    if (waiting?.reason && waiting.reason !== 'PodInitializing') return `Init:${waiting.reason}`;
    return `Init:${index}/${all.length}`;
  }
  return undefined;
}

function mainText(pod: Pod, start: string): string {
  let text = start;
  let running = false;
  for (const { state, ready } of (pod.status?.containerStatuses ?? []).toReversed()) {
    const { waiting, terminated } = state ?? {};
    if (waiting?.reason) text = waiting.reason;
    else if (terminated)
      text = terminated.reason || (terminated.signal ? `Signal:${terminated.signal}` : `ExitCode:${terminated.exitCode}`);
    else if (ready && state?.running) running = true;
  }
  if (text !== 'Completed' || !running) return text;
  return pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ? 'Running' : 'NotReady';
}

function restartsText(pod: Pod, now: number): string {
  const relevant: ContainerStatus[] = [
    ...(pod.status?.containerStatuses ?? []),
    ...(pod.status?.initContainerStatuses ?? []).filter(({ name }) => isSidecar(pod, name) || initText(pod) !== undefined),
  ];
  const restarts = relevant.reduce((sum, { restartCount }) => sum + restartCount, 0);
  const last = Math.max(0, ...relevant.map(({ lastState }) => Date.parse(lastState?.terminated?.finishedAt ?? '') || 0));
  return restarts > 0 && last > 0 ? `${restarts} (${humanDuration(now - last)} ago)` : String(restarts);
}

function readinessGatesText({ spec, status }: Pod): string {
  const gates = spec.readinessGates ?? [];
  if (gates.length === 0) return '<none>';
  const met = gates.filter(({ conditionType }) =>
    status?.conditions?.some((condition) => condition.type === conditionType && condition.status === 'True'),
  );
  return `${met.length}/${gates.length}`;
}
