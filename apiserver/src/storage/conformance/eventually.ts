import { sleep, systemClock } from '@keelson/base';

/** Resolves when `condition` is first met. @throws when it is not within `deadline` milliseconds. */
export async function eventually(what: string, condition: () => boolean | Promise<boolean>, deadline = 20_000): Promise<void> {
  const until = systemClock.now() + deadline;
  for (let turn = 0; !(await condition()); turn++) {
    if (systemClock.now() > until) throw new Error(`not within ${deadline} ms: ${what}`);
    await sleep(systemClock, turn < 100 ? 0 : 5);
  }
}
