import type { AuditEvent } from './event.ts';
import type { Backend } from './sink.ts';

/** In bytes of JSON. */
export interface Limits {
  readonly event: number;
  readonly batch: number;
}

const mark = 'audit.k8s.io/truncated';

/**
 * A backend that is given no event and no batch larger than it may be. What is too large loses its objects, and says so; what is too large even
 * then is not kept.
 */
export function truncating(backend: Backend, limits: Limits): Backend {
  return {
    ...backend,
    write: async (events) => {
      const small = events.map((event) => fitting(event, limits.event));
      for (const batch of batches(
        small.flatMap((one) => one ?? []),
        limits.batch,
      ))
        await backend.write(batch);
      const lost = small.filter((one) => one === undefined).length;
      if (lost > 0) throw new Error(`${lost} events are too large even without their objects`);
    },
  };
}

interface Sized {
  readonly event: AuditEvent;
  readonly size: number;
}

/** The event, without its objects if it must be; undefined when that is not enough. */
export function fitting(event: AuditEvent, limit: number): Sized | undefined {
  const size = sizeOf(event);
  if (size <= limit) return { event, size };
  const { requestObject: _request, responseObject: _response, ...rest } = event;
  const bare = { ...rest, annotations: { ...rest.annotations, [mark]: 'true' } };
  const bareSize = sizeOf(bare);
  return bareSize <= limit ? { event: bare, size: bareSize } : undefined;
}

function sizeOf(event: AuditEvent): number {
  return Buffer.byteLength(JSON.stringify(event));
}

/** In their order, each as long as it may be. */
export function batches(events: readonly Sized[], limit: number): AuditEvent[][] {
  const all: AuditEvent[][] = [];
  let filled = 0;
  for (const { event, size } of events) {
    const last = all.at(-1);
    if (last && filled + size <= limit) last.push(event);
    else {
      all.push([event]);
      filled = 0;
    }
    filled += size;
  }
  return all;
}
