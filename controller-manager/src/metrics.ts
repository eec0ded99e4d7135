import { workQueueMetrics } from '@keelson/component';
import type { Observation } from '@keelson/runtime';
import type { Registry } from 'prom-client';

/** Tells what happens in controllers' queues in the `workqueue_*` metrics. */
export function observeQueues(registry: Registry): (name: string, observation: Observation) => void {
  const queues = workQueueMetrics(registry);
  return (name, observation) => {
    switch (observation.type) {
      case 'added':
        queues.adds.inc({ name });
        queues.depth.set({ name }, observation.depth);
        break;
      case 'started':
        queues.depth.set({ name }, observation.depth);
        break;
      case 'finished':
        queues.workDuration.observe({ name }, observation.took / 1000);
        break;
      case 'retried':
        queues.retries.inc({ name });
        break;
    }
  };
}
