import { errorMessage, sleep, systemClock } from '@keelson/base';

export interface EventuallyOptions {
  /** Milliseconds of real time; 20,000 unless told. */
  readonly deadlineMs?: number;
  /** What was waited for, for the error. */
  readonly message?: string;
}

const pollEvery = 10;

/**
 * Asks `condition` again and again until it answers something truthy, and resolves to that. An answer it throws counts as no.
 * @throws Error with `message` and the last thing thrown when the deadline passes.
 */
export async function eventually<T>(
  condition: () => T | Promise<T>,
  options: EventuallyOptions = {},
): Promise<Exclude<T, false | null | undefined>> {
  const { deadlineMs = 20_000, message = String(condition) } = options;
  const until = systemClock.now() + deadlineMs;
  for (;;) {
    const answer = await attempt(condition);
    if (answer.value) return answer.value as Exclude<T, false | null | undefined>;
    if (systemClock.now() >= until) {
      const cause = answer.error === undefined ? '' : `: ${errorMessage(answer.error)}`;
      throw new Error(`not within ${deadlineMs} ms: ${message}${cause}`, { cause: answer.error });
    }
    await sleep(systemClock, pollEvery);
  }
}

async function attempt<T>(condition: () => T | Promise<T>): Promise<{ readonly value?: T; readonly error?: unknown }> {
  try {
    return { value: await condition() };
  } catch (error) {
    return { error };
  }
}
