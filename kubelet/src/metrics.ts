import type { Pod } from '@keelson/types';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { podName, podNamespace, podUid } from './pod/naming.ts';
import type { ProbeOutcome, ProbeType } from './probe/state.ts';
import type { PodWorkers } from './worker/workers.ts';

export interface KubeletMetrics {
  readonly relistSeconds: Histogram;
  countProbe(pod: Pod, container: string, type: ProbeType, outcome: ProbeOutcome): void;
  /** Makes gauges follow what the workers hold. */
  observe(workers: PodWorkers): void;
}

/** The kubelet's own metrics, under Kubernetes' names; those of probes are shown apart. */
export function kubeletMetrics(registry: Registry, probeRegistry: Registry, nodeName: string): KubeletMetrics {
  const registers = [registry];
  new Gauge({ name: 'kubelet_node_name', help: 'Always 1, labelled with the name of the node.', labelNames: ['node'], registers }).set(
    { node: nodeName },
    1,
  );
  const probes = new Counter({
    name: 'prober_probe_total',
    help: 'Probes run, by result.',
    labelNames: ['probe_type', 'result', 'container', 'pod', 'namespace', 'pod_uid'],
    registers: [probeRegistry],
  });
  const relistSeconds = new Histogram({
    name: 'kubelet_pleg_relist_duration_seconds',
    help: 'Seconds to list what the runtime holds.',
    registers,
  });
  return {
    relistSeconds,
    countProbe(pod, container, type, { result }) {
      const probe_type = `${type.charAt(0).toUpperCase()}${type.slice(1)}`;
      const outcome = { success: 'successful', failure: 'failed', unknown: 'unknown' }[result];
      probes.inc({ probe_type, result: outcome, container, pod: podName(pod), namespace: podNamespace(pod), pod_uid: podUid(pod) });
    },
    observe(workers) {
      new Gauge({
        name: 'kubelet_running_pods',
        help: 'Pods with a running sandbox.',
        registers,
        collect() {
          this.set(workers.all.filter((record) => record.observed.sandboxes.some((sandbox) => sandbox.ready)).length);
        },
      });
      new Gauge({
        name: 'kubelet_running_containers',
        help: 'Containers by state.',
        labelNames: ['container_state'],
        registers,
        collect() {
          this.reset();
          for (const record of workers.all) for (const { phase } of record.observed.containers) this.inc({ container_state: phase });
        },
      });
    },
  };
}
