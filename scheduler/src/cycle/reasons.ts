/** Why a node does not do: the plugin that refused it and its words, one or several. */
export interface Reason {
  readonly plugin: string;
  readonly words: readonly string[];
  /** Evicting pods could help. */
  readonly resolvable: boolean;
}

/** Small codes for reasons, so that verdicts on nodes are a column of numbers. 0 stands for a node that does. */
export class Reasons {
  readonly #codes = new Map<string, number>();
  readonly #reasons: Reason[] = [];

  code(plugin: string, resolvable: boolean, ...words: string[]): number {
    const key = `${plugin}\n${resolvable}\n${words.join('\n')}`;
    const known = this.#codes.get(key);
    if (known !== undefined) return known;
    this.#reasons.push({ plugin, words, resolvable });
    this.#codes.set(key, this.#reasons.length);
    return this.#reasons.length;
  }

  of(code: number): Reason | undefined {
    return this.#reasons[code - 1];
  }
}
