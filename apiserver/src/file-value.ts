import { readFile } from 'node:fs/promises';
import { type Clock, errorMessage, type Logger } from '@keelson/base';
import { followFiles } from '@keelson/component';

export interface Following {
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** What files say, as a value that is swapped as a whole when they have changed: who asks for it each time is up to date. */
export class FileValue<T> {
  readonly #paths: readonly string[];
  readonly #make: (texts: readonly string[]) => T;
  /** As first read. */
  readonly #texts: readonly string[];
  #value: T;

  private constructor(paths: readonly string[], texts: readonly string[], make: (texts: readonly string[]) => T) {
    this.#paths = paths;
    this.#texts = texts;
    this.#make = make;
    this.#value = make(texts);
  }

  /**
   * @param make what the files' texts, in their order, come to. Throws when that is nothing.
   * @throws Error in one sentence, about a file that cannot be read or used.
   */
  static async read<T>(paths: readonly string[], make: (texts: readonly string[]) => T): Promise<FileValue<T>> {
    const texts = await Promise.all(paths.map(textOf));
    try {
      return new FileValue(paths, texts, make);
    } catch (error) {
      throw new Error(`cannot use ${paths.join(', ')}: ${errorMessage(error)}`, { cause: error });
    }
  }

  get value(): T {
    return this.#value;
  }

  /**
   * Swaps the value within ten seconds of a change, until the signal; files that cannot be read or used leave it as it is, and are logged.
   * @param use sees the value first, and throws when it is none.
   */
  async follow(around: Following, use: (value: T) => void = () => undefined): Promise<void> {
    const take = (texts: readonly string[]): void => {
      const value = this.#make(texts);
      use(value);
      this.#value = value;
    };
    await followFiles({ paths: this.#paths, texts: this.#texts, take }, around);
  }
}

/** @throws Error in one sentence. */
export function textOf(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((error: Error) => Promise.reject(new Error(`cannot read ${path}: ${error.message}`)));
}
