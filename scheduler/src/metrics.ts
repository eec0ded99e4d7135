import { Counter, exponentialBuckets, Gauge, Histogram, type Registry } from 'prom-client';

/** kube-scheduler's metrics, under upstream's names. */
export type SchedulerMetrics = ReturnType<typeof schedulerMetrics>;

/** `pending` is asked when somebody reads how many pods wait, by queue. */
export function schedulerMetrics(registry: Registry, pending: () => Readonly<Record<string, number>> = () => ({})) {
  const registers = [registry];
  const profile = ['result', 'profile'] as const;
  new Gauge({
    name: 'scheduler_pending_pods',
    help: 'Pods without a node, by the queue they wait in',
    labelNames: ['queue'],
    registers,
    collect() {
      for (const [queue, count] of Object.entries(pending())) this.set({ queue }, count);
    },
  });
  return {
    attempts: new Counter({
      name: 'scheduler_schedule_attempts_total',
      help: 'Attempts to place a pod, by result',
      labelNames: profile,
      registers,
    }),
    attemptDuration: new Histogram({
      name: 'scheduler_scheduling_attempt_duration_seconds',
      help: 'Time one attempt took, with binding',
      labelNames: profile,
      buckets: exponentialBuckets(0.001, 2, 15),
      registers,
    }),
    algorithmDuration: new Histogram({
      name: 'scheduler_scheduling_algorithm_duration_seconds',
      help: 'Time one cycle took',
      buckets: exponentialBuckets(0.001, 2, 15),
      registers,
    }),
    sliDuration: new Histogram({
      name: 'scheduler_pod_scheduling_sli_duration_seconds',
      help: 'Time from when a pod was first seen until it was bound',
      labelNames: ['attempts'],
      buckets: exponentialBuckets(0.01, 2, 20),
      registers,
    }),
    podAttempts: new Histogram({
      name: 'scheduler_pod_scheduling_attempts',
      help: 'Attempts a bound pod took',
      buckets: [1, 2, 4, 8, 16],
      registers,
    }),
    ...preemptionMetrics(registry),
    incoming: new Counter({
      name: 'scheduler_queue_incoming_pods_total',
      help: 'Pods that entered a queue',
      labelNames: ['queue', 'event'],
      registers,
    }),
  };
}

function preemptionMetrics(registry: Registry) {
  const registers = [registry];
  return {
    preemptionAttempts: new Counter({
      name: 'scheduler_preemption_attempts_total',
      help: 'How often others were looked for to be evicted for a pod',
      registers,
    }),
    preemptionVictims: new Histogram({
      name: 'scheduler_preemption_victims',
      help: 'Pods evicted for one',
      buckets: exponentialBuckets(1, 2, 7),
      registers,
    }),
  };
}
