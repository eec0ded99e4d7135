import type { Clock } from '@keelson/base';
import type { Images } from '../cri/types.ts';
import type { PodRecord } from '../worker/record.ts';
import { excess, type ImageDisk, imagesToRemove } from './gc.ts';

/** Removes images that nobody uses when their disk fills up. Remembers since when each is unused. */
export class ImageCollector {
  readonly #images: Images;
  readonly #clock: Clock;
  readonly #pods: () => readonly Pick<PodRecord, 'observed'>[];
  #lastUsed = new Map<string, number>();

  constructor(images: Images, clock: Clock, pods: () => readonly Pick<PodRecord, 'observed'>[]) {
    this.#images = images;
    this.#clock = clock;
    this.#pods = pods;
  }

  /** @throws RuntimeError */
  async collect(disk: ImageDisk): Promise<void> {
    await this.#free(excess(disk));
  }

  /** All that are not in use, but for the youngest. @throws RuntimeError */
  async removeUnused(): Promise<void> {
    await this.#free(Number.POSITIVE_INFINITY);
  }

  async #free(bytes: number): Promise<void> {
    const now = this.#clock.now();
    const used = new Set(this.#pods().flatMap(({ observed }) => observed.containers.flatMap(({ image, imageRef }) => [image, imageRef])));
    const images = (await this.#images.list()).map((image) => {
      const inUse = image.pinned || [image.id, ...image.tags, ...image.digests].some((name) => used.has(name) || isPause(name));
      // An image seen for the first time counts as just used: it may have been pulled for a pod that is about to start.
      return { image, inUse, lastUsed: inUse ? now : (this.#lastUsed.get(image.id) ?? now) };
    });
    this.#lastUsed = new Map(images.map(({ image, lastUsed }) => [image.id, lastUsed]));
    for (const image of imagesToRemove(bytes, images, now)) await this.#images.remove(image.id);
  }
}

/** Sandboxes are made of it, and runtimes that do not say so would have to pull it anew for every pod. */
function isPause(name: string): boolean {
  return /(^|\/)pause[:@]/.test(name);
}
