import type { KubeObject } from '@keelson/client';
import { copyOf, equal } from '@keelson/machinery';

/** The one or two times that plugins are asked to change a write: what a webhook or policy changed, others may want to look at again. */
export class Rounds {
  isSecond = false;
  /** Whether there is to be a second. */
  wanted = false;
  readonly #plugins = new Map<string, Again>();

  /** What a plugin remembers from the first for the second. */
  of(plugin: string): Again {
    const again = this.#plugins.get(plugin) ?? new Again(this);
    this.#plugins.set(plugin, again);
    return again;
  }
}

/** Which of a plugin's webhooks or policies are asked a second time: those that want it when something has changed since, whoever did. */
export class Again {
  readonly #rounds: Rounds;
  readonly #asked = new Set<string>();
  readonly #due = new Set<string>();
  #left: KubeObject | undefined;

  constructor(rounds: Rounds) {
    this.#rounds = rounds;
  }

  /** The plugin begins. */
  begin(object: KubeObject | undefined): void {
    if (this.#rounds.isSecond && !equal(this.#left, object)) this.#askAgain();
  }

  takes(key: string): boolean {
    return !this.#rounds.isSecond || this.#due.has(key);
  }

  /** One has been asked, and may want to be asked again. */
  asked(key: string, { changed, again }: { readonly changed: boolean; readonly again: boolean }): void {
    if (changed) {
      this.#rounds.wanted = true;
      this.#askAgain();
    }
    if (again) this.#asked.add(key);
  }

  /** The plugin leaves the object like this. */
  end(object: KubeObject | undefined): void {
    this.#left = copyOf(object);
  }

  #askAgain(): void {
    for (const key of this.#asked) this.#due.add(key);
    this.#asked.clear();
  }
}
