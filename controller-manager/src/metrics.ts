import type { Clock } from '@keelson/base';
import { workQueueMetrics } from '@keelson/component';
import type { Observation } from '@keelson/runtime';
import { Gauge, type Registry } from 'prom-client';

/** Tells what happens in controllers' queues in the `workqueue_*` metrics. */
export function observeQueues(registry: Registry, clock: Clock): (name: string, observation: Observation) => void {
  const queues = workQueueMetrics(registry);
  const working = workInProgress(registry, clock);
  return (name, observation) => {
    switch (observation.type) {
      case 'added':
        queues.adds.inc({ name });
        queues.depth.set({ name }, observation.depth);
        break;
      case 'started':
        queues.depth.set({ name }, observation.depth);
        working.started(name);
        break;
      case 'finished':
        working.finished(name, observation.took);
        queues.workDuration.observe({ name }, observation.took / 1000);
        break;
      case 'retried':
        queues.retries.inc({ name });
        break;
    }
  };
}

interface InProgress {
  started(name: string): void;
  /** `took` in milliseconds: it tells which one. */
  finished(name: string, took: number): void;
}

/** What workers are at, told when somebody asks: all their time together, and the longest. */
function workInProgress(registry: Registry, clock: Clock): InProgress {
  const since = new Map<string, number[]>();
  const gauge = (name: string, help: string, value: (ages: readonly number[]) => number): void => {
    const collect = function (this: Gauge<'name'>): void {
      for (const [queue, starts] of since) this.set({ name: queue }, value(starts.map((at) => (clock.now() - at) / 1000)));
    };
    new Gauge({ name, help, labelNames: ['name'] as const, registers: [registry], collect });
  };
  gauge('workqueue_unfinished_work_seconds', 'Seconds of work in progress that no duration tells of yet.', (ages) =>
    ages.reduce((sum, age) => sum + age, 0),
  );
  gauge('workqueue_longest_running_processor_seconds', 'Seconds the longest running work has taken.', (ages) => Math.max(0, ...ages));
  return {
    started: (name) => since.set(name, [...(since.get(name) ?? []), clock.now()]),
    finished(name, took) {
      const starts = since.get(name) ?? [];
      starts.splice(Math.max(0, starts.indexOf(clock.now() - took)), 1);
    },
  };
}

/** Counts a controller as running from when it is told of. */
export function countRunning(registry: Registry): (name: string) => void {
  const labelNames = ['name', 'manager'] as const;
  const help = 'Indicates where instances of a controller are currently running.';
  const gauge = new Gauge({ name: 'running_managed_controllers', help, labelNames, registers: [registry] });
  return (name) => gauge.set({ name, manager: 'kube-controller-manager' }, 1);
}
