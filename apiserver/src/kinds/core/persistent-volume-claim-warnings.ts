import { goQuote, parseQuantity } from '@keelson/machinery';
import type { PersistentVolumeClaim, PersistentVolumeClaimSpec } from '@keelson/types';

/** What upstream warns of in a claim. */
export function claimWarnings({ metadata, spec }: PersistentVolumeClaim): string[] {
  const old = 'volume.beta.kubernetes.io/storage-class';
  const named = Object.hasOwn(metadata.annotations ?? {}, old);
  const annotation = named ? [`metadata.annotations[${old}]: deprecated since v1.8; use "storageClassName" attribute instead`] : [];
  return [...annotation, ...claimSpecWarnings(spec, 'spec')];
}

/** `at` is the path of the claim's spec. */
export function claimSpecWarnings({ resources }: PersistentVolumeClaimSpec, at: string): string[] {
  return (['requests', 'limits'] as const).flatMap((member) => {
    const storage = resources?.[member]?.storage;
    if (storage === undefined || parseQuantity(storage).nanos % 1_000_000_000n === 0n) return [];
    return [`${at}.resources.${member}[storage]: fractional byte value ${goQuote(String(storage))} is invalid, must be an integer`];
  });
}
