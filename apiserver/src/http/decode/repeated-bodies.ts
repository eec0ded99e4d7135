import type { KubeObject } from '@keelson/client';
import { copyOf } from '@keelson/machinery';

/** Bytes beyond which a body is not kept. */
const largest = 64 * 1024;

/**
 * The last body of each kind that may well come again as it is, and what it was decoded to. Who makes a thousand pods of one template posts
 * the same bytes a thousand times, with a `generateName`: to parse and shape them is more than a tenth of what each costs.
 */
export class RepeatedBodies<R extends { readonly object: KubeObject }> {
  readonly #last = new Map<string, { readonly body: Buffer; readonly result: R }>();

  /** What these bytes came to the last time, as a private copy. @param as all else that decoding depends on */
  find(as: string, body: Buffer): R | undefined {
    const last = this.#last.get(as);
    return last?.body.equals(body) ? copyOf(last.result) : undefined;
  }

  remember(as: string, body: Buffer, result: R): void {
    const { name, generateName } = result.object.metadata as { name?: string; generateName?: string };
    if (name || !generateName || body.length > largest) return;
    this.#last.set(as, { body: Buffer.from(body), result: copyOf(result) });
  }

  /** Bytes may come to something else from now on. */
  forget(): void {
    this.#last.clear();
  }
}
