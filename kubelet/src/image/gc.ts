import type { Image } from '../cri/types.ts';

export interface ImageUsage {
  readonly image: Image;
  readonly lastUsed: number;
  readonly inUse: boolean;
}

export interface ImageDisk {
  readonly capacityBytes: number;
  readonly availableBytes: number;
}

/** Kubernetes' defaults: begin above 85 % full, free down to 80 %, never what is younger than two minutes. */
const high = 0.85;
const low = 0.8;
const youngest = 120_000;

/** Bytes to free of a disk now. */
export function excess({ capacityBytes, availableBytes }: ImageDisk): number {
  const used = capacityBytes - availableBytes;
  return capacityBytes <= 0 || used / capacityBytes < high ? 0 : used - capacityBytes * low;
}

/** The images to remove so that so many bytes are freed, least recently used first. Pure. */
export function imagesToRemove(bytes: number, images: readonly ImageUsage[], now: number): readonly Image[] {
  let toFree = bytes;
  const candidates = images.filter(({ inUse, lastUsed }) => !inUse && now - lastUsed > youngest).sort((a, b) => a.lastUsed - b.lastUsed);
  const chosen: Image[] = [];
  for (const { image } of candidates) {
    if (toFree <= 0) break;
    chosen.push(image);
    toFree -= image.sizeBytes;
  }
  return chosen;
}
