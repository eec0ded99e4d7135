import { setImmediate, setTimeout } from 'node:timers/promises';

/** Resolves when `condition` is first met. @throws when it is not within `deadline` milliseconds. */
export async function eventually(what: string, condition: () => boolean | Promise<boolean>, deadline = 20_000): Promise<void> {
  const until = performance.now() + deadline;
  for (let turn = 0; !(await condition()); turn++) {
    if (performance.now() > until) throw new Error(`not within ${deadline} ms: ${what}`);
    await (turn < 100 ? setImmediate() : setTimeout(5));
  }
}
