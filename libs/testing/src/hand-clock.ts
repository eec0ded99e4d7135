import type { Clock } from '@keelson/base';

/**
 * A clock by which one loop waits, over and over, and whose waits end when the test says so: for loops that read files, whose end no turns of
 * the event loop tell, as `SimulatedClock.settle` would have it.
 */
export function handClock(): { readonly clock: Clock; round(): Promise<void> } {
  let waits = Promise.withResolvers<() => void>();
  const clock: Clock = {
    now: () => 0,
    after(_, run) {
      waits.resolve(run);
      return { cancel: () => undefined };
    },
  };
  return {
    clock,
    /** Ends the present wait. Resolves when the loop waits again. */
    async round() {
      const end = await waits.promise;
      waits = Promise.withResolvers();
      end();
      await waits.promise;
    },
  };
}
