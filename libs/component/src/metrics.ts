import { Counter, collectDefaultMetrics, exponentialBuckets, Gauge, Histogram, Registry } from 'prom-client';
import { versionInfo } from './version.ts';

/** A process's registry. Metrics of the process itself are set up by the first scrape, which keeps their cost out of start-up. */
export class ProcessRegistry extends Registry {
  #started = false;

  override async metrics(): Promise<string> {
    if (!this.#started) {
      this.#started = true;
      collectDefaultMetrics({ register: this });
      buildInfo(this);
    }
    return super.metrics();
  }
}

function buildInfo(registry: Registry): void {
  const { major, minor, gitVersion: git_version, gitCommit: git_commit, gitTreeState: git_tree_state, platform } = versionInfo;
  const labels = { major, minor, git_version, git_commit, git_tree_state, platform };
  const gauge = new Gauge({
    name: 'kubernetes_build_info',
    help: 'Always 1, labelled with the version that runs.',
    labelNames: Object.keys(labels),
    registers: [registry],
  });
  gauge.set(labels, 1);
}

/** What a work queue reports, one child per queue under the label `name`. Durations in seconds. */
export interface WorkQueueMetrics {
  readonly depth: Gauge<'name'>;
  readonly adds: Counter<'name'>;
  /** From being added to being taken. */
  readonly queueDuration: Histogram<'name'>;
  /** From being taken to being done. */
  readonly workDuration: Histogram<'name'>;
  readonly retries: Counter<'name'>;
}

/** The work queue metrics of `registry`, made on first use. */
export function workQueueMetrics(registry: Registry): WorkQueueMetrics {
  const buckets = exponentialBuckets(1e-8, 10, 12);
  const labelNames = ['name'] as const;
  const registers = [registry];
  return {
    depth: once(registry, 'workqueue_depth', (name) => new Gauge({ name, help: 'Keys waiting in the queue.', labelNames, registers })),
    adds: once(registry, 'workqueue_adds_total', (name) => new Counter({ name, help: 'Keys added to the queue.', labelNames, registers })),
    queueDuration: once(
      registry,
      'workqueue_queue_duration_seconds',
      (name) => new Histogram({ name, help: 'Seconds a key waited before it was taken.', labelNames, registers, buckets }),
    ),
    workDuration: once(
      registry,
      'workqueue_work_duration_seconds',
      (name) => new Histogram({ name, help: 'Seconds of work on a key.', labelNames, registers, buckets }),
    ),
    retries: once(
      registry,
      'workqueue_retries_total',
      (name) => new Counter({ name, help: 'Keys added again after a failure.', labelNames, registers }),
    ),
  };
}

/** Requests sent to API servers, made on first use. */
export function restClientRequests(registry: Registry): Counter<'code' | 'method' | 'host'> {
  const labelNames = ['code', 'method', 'host'] as const;
  const help = 'Requests sent, by status code, method and host.';
  return once(registry, 'rest_client_requests_total', (name) => new Counter({ name, help, labelNames, registers: [registry] }));
}

/** Whether this process leads, 1 or 0, under the lease's name; made on first use. */
export function leaderElectionStatus(registry: Registry): Gauge<'name'> {
  const help = 'Whether this process holds the lease: 1 it leads, 0 it stands by.';
  return once(
    registry,
    'leader_election_master_status',
    (name) => new Gauge({ name, help, labelNames: ['name'] as const, registers: [registry] }),
  );
}

/** A registry holds each name once; its second user gets the first one's metric. */
function once<M>(registry: Registry, name: string, make: (name: string) => M): M {
  return (registry.getSingleMetric(name) as M | undefined) ?? make(name);
}
