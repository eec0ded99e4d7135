import type { Pod } from '@keelson/types';

/** A claim a pod uses. */
export interface Use {
  readonly key: string;
  readonly name: string;
  readonly ephemeral: boolean;
}

/** Keys of the claims a pod uses, those made for its ephemeral volumes among them. */
export function claimsOf({ metadata, spec }: Pod): readonly Use[] {
  return (spec?.volumes ?? []).flatMap(({ name: volume, persistentVolumeClaim, ephemeral }) => {
    const name = persistentVolumeClaim?.claimName ?? (ephemeral ? `${metadata.name}-${volume}` : undefined);
    return name === undefined ? [] : [{ key: `${metadata.namespace ?? ''}/${name}`, name, ephemeral: ephemeral !== undefined }];
  });
}
