import { exponentialBuckets, Histogram, type Registry } from 'prom-client';

/** How many seconds after its time a job was made, under Kubernetes' name. Without a registry it is not told. */
export function creationSkew(registry: Registry | undefined): { observe(seconds: number): void } {
  if (!registry) return { observe: () => undefined };
  return new Histogram({
    name: 'cronjob_controller_job_creation_skew_duration_seconds',
    help: 'Time between the time of a schedule and the creation of its job.',
    buckets: exponentialBuckets(1, 2, 10),
    registers: [registry],
  });
}
