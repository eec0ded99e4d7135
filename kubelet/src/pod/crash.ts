import type { CrashBackoff } from './types.ts';

const initial = 10_000;
const max = 300_000;

/** The entry after one more restart at `now`: 10 s doubling to 5 min; 10 quiet minutes start it over. As Kubernetes' crash loop back-off. */
export function nextCrash(before: CrashBackoff | undefined, now: number): CrashBackoff {
  const delay = before && now - before.at <= 2 * max ? Math.min(before.delay * 2, max) : initial;
  return { delay, at: now };
}

/**
 * Milliseconds that a container which ended at `finishedAt` still has to wait; 0: it may start. `stopped`: the kubelet ended it itself, for
 * its probe. Kubernetes then asks how long ago the one before it ended: a container that lived longer than the delay starts at once.
 */
export function crashWait(entry: CrashBackoff | undefined, finishedAt: number, now: number, stopped = false): number {
  if (!entry || finishedAt - entry.at > 2 * max) return 0;
  if (stopped && finishedAt - entry.at >= entry.delay) return 0;
  return Math.max(0, finishedAt + entry.delay - now);
}

/** Go's way to print a duration of whole seconds, as it stands in status messages: `10s`, `1m20s`, `5m0s`. */
export function goSeconds(ms: number): string {
  const total = Math.round(ms / 1000);
  const hours = Math.floor(total / 3600);
  const minutes = Math.floor((total % 3600) / 60);
  const seconds = `${total % 60}s`;
  if (hours > 0) return `${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${minutes}m${seconds}` : seconds;
}
