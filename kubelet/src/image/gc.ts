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

/** The images to remove now, least recently used first. Pure. */
export function imagesToRemove(disk: ImageDisk, images: readonly ImageUsage[], now: number): readonly Image[] {
  const used = disk.capacityBytes - disk.availableBytes;
  if (disk.capacityBytes <= 0 || used / disk.capacityBytes < high) return [];
  let toFree = used - disk.capacityBytes * low;
  const candidates = images.filter(({ inUse, lastUsed }) => !inUse && now - lastUsed > youngest).sort((a, b) => a.lastUsed - b.lastUsed);
  const chosen: Image[] = [];
  for (const { image } of candidates) {
    if (toFree <= 0) break;
    chosen.push(image);
    toFree -= image.sizeBytes;
  }
  return chosen;
}
