import type { PersistentVolumeClaim, PersistentVolumeClaimSpec } from '@keelson/types';
import { annotationWarnings, fractionWarnings } from '../warnings.ts';

/** How claims and volumes named their class before there was a field for it. */
export const formerClass = { 'volume.beta.kubernetes.io/storage-class': 'deprecated since v1.8; use "storageClassName" attribute instead' };

/** What upstream warns of in a claim. */
export function claimWarnings({ metadata, spec }: PersistentVolumeClaim): string[] {
  return [...annotationWarnings(metadata, formerClass), ...claimSpecWarnings(spec, 'spec')];
}

/** `at` is the path of the claim's spec. */
export function claimSpecWarnings({ resources }: PersistentVolumeClaimSpec, at: string): string[] {
  return (['requests', 'limits'] as const).flatMap((member) =>
    fractionWarnings(resources?.[member]?.storage, `${at}.resources.${member}[storage]`),
  );
}
