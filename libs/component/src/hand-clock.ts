import type { Clock } from '@keelson/base';

/** For tests: a clock by which one loop waits, over and over, and whose waits end when the test says so. */
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
