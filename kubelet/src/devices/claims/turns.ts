/** Work on the same things is done one after another, in the order in which it came; what has nothing in common does not wait. */
export class Turns {
  /** What was begun last with each key; never rejects. */
  readonly #last = new Map<string, Promise<void>>();

  /** Does the work once everything before it with one of its keys is over, well or not. */
  async run<T>(keys: readonly string[], work: () => Promise<T>): Promise<T> {
    const before = keys.map((key) => this.#last.get(key));
    const mine = Promise.all(before).then(work);
    const over = mine.then(
      () => undefined,
      () => undefined,
    );
    for (const key of keys) this.#last.set(key, over);
    return mine.finally(() => {
      for (const key of keys) if (this.#last.get(key) === over) this.#last.delete(key);
    });
  }
}
