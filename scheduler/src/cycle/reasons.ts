/** Why a node does not do: the plugin that refused it and its words, one or several. */
export interface Reason {
  readonly plugin: string;
  readonly words: readonly string[];
  /** Evicting pods could help. */
  readonly resolvable: boolean;
  /** It is the pod's own, and no node's: it is told without a number of nodes. */
  readonly everywhere?: boolean;
}

/** Small codes for reasons, so that verdicts on nodes are a column of numbers. 0 stands for a node that does. */
export class Reasons {
  readonly #codes = new Map<string, number>();
  readonly #reasons: Reason[] = [];

  /** The same codes, and room for more that are of no use to others. */
  copy(): Reasons {
    const copy = new Reasons();
    for (const [key, code] of this.#codes) copy.#codes.set(key, code);
    copy.#reasons.push(...this.#reasons);
    return copy;
  }

  code(plugin: string, resolvable: boolean, ...words: string[]): number {
    return this.#code({ plugin, words, resolvable });
  }

  /** A reason of the pod itself, for which no node will do. */
  everywhere(plugin: string, words: string): number {
    return this.#code({ plugin, words: [words], resolvable: false, everywhere: true });
  }

  #code(reason: Reason): number {
    const { plugin, words, resolvable, everywhere = false } = reason;
    const key = `${plugin}\n${resolvable}\n${everywhere}\n${words.join('\n')}`;
    const known = this.#codes.get(key);
    if (known !== undefined) return known;
    this.#reasons.push(reason);
    this.#codes.set(key, this.#reasons.length);
    return this.#reasons.length;
  }

  of(code: number): Reason | undefined {
    return this.#reasons[code - 1];
  }
}
