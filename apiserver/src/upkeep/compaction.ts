import { type Clock, errorMessage, every, type Logger } from '@keelson/base';
import type { Registry } from '../registry/registry.ts';

/** Every `interval` ms, forgets what was superseded before the last round: history stays readable for one to two intervals, as upstream. Never when it is 0. */
export async function compactRegularly(
  registry: Registry,
  interval: number,
  clock: Clock,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  if (interval <= 0) return;
  let before = 0;
  const compact = async (): Promise<void> => {
    if (before > 0) await registry.options.store.compact(before);
    before = registry.feed.revision;
  };
  await every(clock, interval, signal, compact, (error) => log.warn('compaction failed; trying again later', { err: errorMessage(error) }));
}
