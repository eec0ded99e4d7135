import type { Pod } from '@keelson/types';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { podName, podNamespace, podUid } from './pod/naming.ts';
import type { ProbeRun, ProbeType } from './probe/state.ts';
import type { PodWorkers } from './worker/workers.ts';

export interface KubeletMetrics {
  readonly relistSeconds: Histogram;
  /** `signal`: that of the threshold or limit. */
  countEviction(signal: string): void;
  countProbe(pod: Pod, container: string, type: ProbeType, run: ProbeRun): void;
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
  const relistSeconds = new Histogram({
    name: 'kubelet_pleg_relist_duration_seconds',
    help: 'Seconds to list what the runtime holds.',
    registers,
  });
  const evictions = new Counter({
    name: 'kubelet_evictions',
    help: 'Pods evicted, by what was short or exceeded.',
    labelNames: ['eviction_signal'],
    registers,
  });
  return {
    relistSeconds,
    countEviction: (eviction_signal) => evictions.inc({ eviction_signal }),
    countProbe: probeMetrics(probeRegistry),
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

function probeMetrics(registry: Registry): KubeletMetrics['countProbe'] {
  const probes = new Counter({
    name: 'prober_probe_total',
    help: 'Probes run, by result.',
    labelNames: ['probe_type', 'result', 'container', 'pod', 'namespace', 'pod_uid'],
    registers: [registry],
  });
  const probeSeconds = new Histogram({
    name: 'prober_probe_duration_seconds',
    help: 'Seconds that probes took which did not fail.',
    labelNames: ['probe_type', 'container', 'pod', 'namespace'],
    registers: [registry],
  });
  return (pod, container, type, { result, seconds }) => {
    const probe_type = `${type.charAt(0).toUpperCase()}${type.slice(1)}`;
    const outcome = { success: 'successful', failure: 'failed', unknown: 'unknown' }[result];
    const labels = { probe_type, container, pod: podName(pod), namespace: podNamespace(pod) };
    probes.inc({ ...labels, result: outcome, pod_uid: podUid(pod) });
    if (result !== 'failure') probeSeconds.observe(labels, seconds);
  };
}
