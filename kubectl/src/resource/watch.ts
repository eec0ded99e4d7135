import type { Clock } from '@keelson/base';
import { collectionPath, withQuery } from '@keelson/client';
import type { Cluster } from '../cluster.ts';
import type { AnyObject } from '../types.ts';
import type { Target } from './targets.ts';

export interface WatchFilter {
  readonly resourceVersion: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

/** The path that watches one object or all of a type. */
export function watchPath({ mapping, namespace, name }: Target, filter: WatchFilter): string {
  const byName = name === undefined ? [] : [`metadata.name=${name}`];
  const fields = [...byName, ...(filter.fieldSelector ? [filter.fieldSelector] : [])].join(',');
  return withQuery(collectionPath(mapping, namespace), {
    fieldSelector: fields,
    labelSelector: filter.labelSelector,
    resourceVersion: filter.resourceVersion,
    watch: true,
  });
}

/**
 * The states of one object as they come, the present one first; undefined while it is not there. Never ends by itself: after a broken
 * watch it looks again.
 */
export async function* statesOf(
  cluster: Cluster,
  { mapping, namespace, name = '' }: Target,
  signal: AbortSignal,
): AsyncGenerator<AnyObject | undefined> {
  while (!signal.aborted) {
    const fieldSelector = `metadata.name=${name}`;
    const { items, metadata } = await cluster.api.list(mapping, { namespace, fieldSelector, signal });
    yield items[0];
    const resourceVersion = metadata.resourceVersion ?? '';
    for await (const event of cluster.api.watch(mapping, { namespace, fieldSelector, resourceVersion, signal })) {
      if (event.type !== 'BOOKMARK') yield event.type === 'DELETED' ? undefined : event.object;
    }
  }
}

/**
 * The first state of an object that `accepts` lets through.
 * @param timeout milliseconds; 0 looks once, negative waits for a week, as kubectl does.
 * @throws Error `timed out waiting for the condition`, or the signal's reason.
 */
export async function untilState(
  cluster: Cluster,
  target: Target,
  options: { readonly clock: Clock; readonly signal: AbortSignal; readonly timeout: number },
  accepts: (object: AnyObject | undefined) => boolean,
): Promise<AnyObject | undefined> {
  const stop = new AbortController();
  const forward = (): void => stop.abort(options.signal.reason);
  options.signal.addEventListener('abort', forward, { once: true });
  const week = 7 * 24 * 3600 * 1000;
  const timer = options.timeout === 0 ? undefined : options.clock.after(options.timeout < 0 ? week : options.timeout, () => stop.abort());
  try {
    for await (const state of statesOf(cluster, target, stop.signal)) {
      if (accepts(state)) return state;
      if (options.timeout === 0) break;
    }
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  } finally {
    timer?.cancel();
    stop.abort();
    options.signal.removeEventListener('abort', forward);
  }
  options.signal.throwIfAborted();
  throw new Error('timed out waiting for the condition');
}
