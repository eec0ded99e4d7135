import { qosClass } from '@keelson/machinery';
import { Pod } from '@keelson/types';
import { setCondition } from '../conditions.ts';
import type { ServedKind } from '../served-kind.ts';
import { firstOfAll } from './first-of-all.ts';
import { bindPod } from './pod-binding.ts';
import { podColumns } from './pod-columns.ts';
import { connectPod } from './pod-connect.ts';
import { defaultPod } from './pod-defaults.ts';
import { evictPod } from './pod-eviction.ts';
import { selectOwnLabels } from './pod-label-keys.ts';
import { podLog } from './pod-log.ts';
import { ephemeralContainersPart, refuseEphemeralContainers } from './pod-parts.ts';
import { resizePart } from './pod-resize.ts';
import { podErrors, podStatusErrors, podUpdateErrors } from './pod-validation.ts';
import { podWarnings } from './pod-warnings.ts';
import { podProxy } from './proxy.ts';
import { dropFromPod } from './unserved.ts';

const core = (kind: string) => ({ group: '', version: 'v1', kind });

export const podKind: ServedKind<Pod> = {
  kind: Pod,
  defaults({ spec, status }) {
    if (spec) defaultPod(spec);
    if (status?.podIP || status?.podIPs?.length) settleAddresses(status);
  },
  // Of a pod that is there, nothing of this can change.
  dropUnserved({ spec }, old) {
    if (!old) dropFromPod(spec);
  },
  prepareCreate(pod, { clock }) {
    refuseEphemeralContainers(pod);
    selectOwnLabels(pod);
    pod.status = { phase: 'Pending', qosClass: qosClass(pod) };
    if (pod.spec.schedulingGates?.length) {
      const condition = {
        type: 'PodScheduled',
        status: 'False',
        reason: 'SchedulingGated',
        message: 'Scheduling is blocked due to non-empty scheduling gates',
      };
      pod.status.conditions = setCondition([], condition, clock);
    }
  },
  prepareUpdate: keepQosClass,
  validate: podErrors,
  validateUpdate: podUpdateErrors,
  warnings: (pod, old) => (old ? [] : podWarnings(pod)),
  status: { prepareUpdate: keepQosClass, validateUpdate: podStatusErrors },
  parts: { ephemeralcontainers: ephemeralContainersPart, resize: resizePart },
  deletion: { graceSeconds, returnsObject: true },
  subresources: {
    attach: { verbs: ['create', 'get'], kind: core('PodAttachOptions'), ...connectPod('attach') },
    binding: { verbs: ['create'], kind: core('Binding'), handler: bindPod },
    eviction: { verbs: ['create'], kind: { group: 'policy', version: 'v1', kind: 'Eviction' }, handler: evictPod },
    exec: { verbs: ['create', 'get'], kind: core('PodExecOptions'), ...connectPod('exec') },
    log: { verbs: ['get'], kind: core('Pod'), ...podLog },
    proxy: podProxy,
    portforward: { verbs: ['create', 'get'], kind: core('PodPortForwardOptions'), ...connectPod('portForward') },
  },
  selectableFields: {
    'spec.nodeName': ({ spec }) => spec.nodeName ?? '',
    // For old clients.
    'spec.host': ({ spec }) => spec.nodeName ?? '',
    'spec.restartPolicy': ({ spec }) => spec.restartPolicy ?? '',
    'spec.schedulerName': ({ spec }) => spec.schedulerName ?? '',
    'spec.serviceAccountName': ({ spec }) => spec.serviceAccountName ?? '',
    'spec.hostNetwork': ({ spec }) => String(spec.hostNetwork ?? false),
    'status.phase': ({ status }) => status?.phase ?? '',
    'status.podIP': ({ status }) => status?.podIP ?? '',
    // May be asked for, and is never found.
    'status.podIPs': () => '',
    'status.nominatedNodeName': ({ status }) => status?.nominatedNodeName ?? '',
  },
  indexedFields: ['spec.nodeName'],
  columns: podColumns,
};

function settleAddresses(status: NonNullable<Pod['status']>): void {
  const listed = (status.podIPs ?? []).map(({ ip = '' }) => ip);
  const ips = firstOfAll(status.podIP, listed);
  status.podIP = ips[0];
  if (ips !== listed) status.podIPs = ips.map((ip) => ({ ip }));
}

function keepQosClass(next: Pod, old: Pod): void {
  if (!next.status?.qosClass && old.status?.qosClass) next.status = { ...next.status, qosClass: old.status.qosClass };
}

/** Pods nobody runs go at once; others get what was asked, or their own grace period. */
function graceSeconds({ spec, status }: Pod, requested: number | undefined): number {
  if (!spec.nodeName || status?.phase === 'Succeeded' || status?.phase === 'Failed') return 0;
  const wanted = requested ?? spec.terminationGracePeriodSeconds ?? 30;
  return wanted < 0 ? 1 : wanted;
}
