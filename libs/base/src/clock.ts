/** Time is an argument: everything that waits or stamps receives a `Clock`. Times are milliseconds since the Unix epoch. */
export interface Clock {
  now(): number;
  /** Calls `fn` once, `ms` from now. Cancelling twice, or after it fired, is harmless. */
  after(ms: number, fn: () => void): Timer;
}

export interface Timer {
  cancel(): void;
}

/** The machine's clock. `after` does not clamp: delays above 2^31-1 ms are taken in several hops. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, fn) {
    const longest = 2 ** 31 - 1;
    const until = Date.now() + ms;
    let handle: NodeJS.Timeout;
    const arm = (left: number): void => {
      handle = setTimeout(() => (left > longest ? arm(until - Date.now()) : fn()), Math.min(Math.max(left, 0), longest));
    };
    arm(ms);
    return { cancel: () => clearTimeout(handle) };
  },
};

/** Resolves after `ms`, or rejects with the signal's reason as soon as it aborts. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const stop = (): void => {
      timer.cancel();
      reject(signal?.reason);
    };
    const timer = clock.after(ms, () => {
      signal?.removeEventListener('abort', stop);
      resolve();
    });
    signal?.addEventListener('abort', stop, { once: true });
  });
}

/** Calls `fn` every `ms` until aborted; the next wait starts when `fn` has settled, and a rejection goes to `onError`. */
export async function every(
  clock: Clock,
  ms: number,
  signal: AbortSignal,
  fn: () => unknown,
  onError: (error: unknown) => void,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await fn();
    } catch (error) {
      onError(error);
    }
    await sleep(clock, ms, signal).catch(() => undefined);
  }
}

/** RFC 3339 with whole seconds, the form of `metav1.Time`, of a time in milliseconds. */
export function rfc3339(ms: number): string {
  const second = Math.floor(ms / 1000);
  if (second !== lastSecond.at) lastSecond = { at: second, text: `${new Date(second * 1000).toISOString().slice(0, 19)}Z` };
  return lastSecond.text;
}

/** Nearly all times that are asked for are of the present second. */
let lastSecond = { at: 0, text: '1970-01-01T00:00:00Z' };

/** Now, as `metav1.Time`. */
export function timestamp(clock: Clock): string {
  return rfc3339(clock.now());
}

/** Now, as `metav1.MicroTime`: RFC 3339 with microseconds. */
export function microTimestamp(clock: Clock): string {
  return `${new Date(clock.now()).toISOString().slice(0, -1)}000Z`;
}
