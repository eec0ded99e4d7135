/**
 * Tries items: the first alone, and after each success two more. So one round trip doubles what is under way, and a failure that hits all is met
 * by few. After the first failure none is begun. @param attempt resolves to what went wrong, if anything. Resolves, once all that was begun has
 * ended, to the first of these.
 */
export async function slowStart<T>(items: Iterable<T>, attempt: (item: T) => Promise<unknown>): Promise<unknown> {
  const rest = items[Symbol.iterator]();
  let failure: unknown;
  const tryNext = async (): Promise<void> => {
    if (failure !== undefined) return;
    const next = rest.next();
    if (next.done) return;
    const error = await attempt(next.value);
    if (error === undefined) await Promise.all([tryNext(), tryNext()]);
    else failure ??= error;
  };
  await tryNext();
  return failure;
}
