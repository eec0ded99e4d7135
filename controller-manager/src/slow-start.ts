/** How many are under way at a time: enough to keep the API server busy, and few enough that others need not wait long behind them. */
const most = 256;

/**
 * Tries items: the first alone, and after each success two more. So one round trip doubles what is under way, and a failure that hits all is met
 * by few. After the first failure none is begun. @param attempt resolves to what went wrong, if anything. Resolves, once all that was begun has
 * ended, to the first of these.
 */
export async function slowStart<T>(items: Iterable<T>, attempt: (item: T) => Promise<unknown>): Promise<unknown> {
  const rest = items[Symbol.iterator]();
  let failure: unknown;
  let underWay = 0;
  const tryNext = async (): Promise<void> => {
    if (failure !== undefined || underWay === most) return;
    const next = rest.next();
    if (next.done) return;
    underWay += 1;
    const error = await attempt(next.value);
    underWay -= 1;
    if (error === undefined) await Promise.all([tryNext(), tryNext()]);
    else failure ??= error;
  };
  await tryNext();
  return failure;
}
