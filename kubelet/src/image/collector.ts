import type { Clock } from '@keelson/base';
import type { Images } from '../cri/types.ts';
import { type ImageDisk, imagesToRemove } from './gc.ts';

/** Removes images that nobody uses when their disk fills up. Remembers since when each is unused. */
export class ImageCollector {
  readonly #images: Images;
  readonly #clock: Clock;
  #lastUsed = new Map<string, number>();

  constructor(images: Images, clock: Clock) {
    this.#images = images;
    this.#clock = clock;
  }

  /** `used`: names and ids of images that containers were made of. @throws RuntimeError */
  async collect(disk: ImageDisk, used: ReadonlySet<string>): Promise<void> {
    const now = this.#clock.now();
    const images = (await this.#images.list()).map((image) => {
      const inUse = [image.id, ...image.tags, ...image.digests].some((name) => used.has(name));
      // An image seen for the first time counts as just used: it may have been pulled for a pod that is about to start.
      return { image, inUse, lastUsed: inUse ? now : (this.#lastUsed.get(image.id) ?? now) };
    });
    this.#lastUsed = new Map(images.map(({ image, lastUsed }) => [image.id, lastUsed]));
    for (const image of imagesToRemove(disk, images, now)) await this.#images.remove(image.id);
  }
}
