import { Counter, type Registry } from 'prom-client';

export interface CreateMetrics {
  attempted(): void;
  failed(): void;
}

/** Counts claims made, under Kubernetes' names. Without a registry nothing is counted. */
export function createMetrics(registry: Registry | undefined): CreateMetrics {
  if (!registry) return { attempted: () => undefined, failed: () => undefined };
  const registers = [registry];
  const created = new Counter({
    name: 'ephemeral_volume_controller_create_total',
    help: 'Number of PersistentVolumeClaim creation requests',
    registers,
  });
  const failures = new Counter({
    name: 'ephemeral_volume_controller_create_failures_total',
    help: 'Number of PersistentVolumeClaim creation requests that failed',
    registers,
  });
  return { attempted: () => created.inc(), failed: () => failures.inc() };
}
