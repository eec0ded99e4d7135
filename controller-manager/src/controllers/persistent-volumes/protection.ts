import { isPodTerminal } from '@keelson/machinery';
import { type ControllerDefinition, defineController, mapped, self } from '@keelson/runtime';
import { Event, PersistentVolume, PersistentVolumeClaim, Pod } from '@keelson/types';

const claimFinalizer = 'kubernetes.io/pvc-protection';
const volumeFinalizer = 'kubernetes.io/pv-protection';
const byClaim = 'claim';

/** A claim stays until no pod that may still run uses it. */
export function claimProtectionController(): ControllerDefinition {
  return defineController({
    name: 'persistentvolumeclaim-protection',
    reads: [PersistentVolumeClaim, Pod],
    writes: [PersistentVolumeClaim, Event],
    triggers: [self(PersistentVolumeClaim), mapped(Pod, claimsOf, { indexes: { [byClaim]: (pod: Pod) => claimsOf(pod) } })],
    async reconcile(key, { of, api }) {
      const claim = of(PersistentVolumeClaim).get(key);
      if (!claim) return undefined;
      const { finalizers = [], deletionTimestamp } = claim.metadata;
      const held = finalizers.includes(claimFinalizer);
      if (!deletionTimestamp && !held) await api.update(PersistentVolumeClaim, withFinalizers(claim, [...finalizers, claimFinalizer]));
      if (!deletionTimestamp || !held) return undefined;
      const used = of(Pod)
        .byIndex(byClaim, key)
        .some((pod) => pod.spec.nodeName && !isPodTerminal(pod));
      if (used) return undefined;
      await api.update(
        PersistentVolumeClaim,
        withFinalizers(
          claim,
          finalizers.filter((one) => one !== claimFinalizer),
        ),
      );
      return undefined;
    },
  });
}

/** A volume stays until it is bound no more. */
export function volumeProtectionController(): ControllerDefinition {
  return defineController({
    name: 'persistentvolume-protection',
    reads: [PersistentVolume],
    writes: [PersistentVolume, Event],
    triggers: [self(PersistentVolume)],
    async reconcile(key, { of, api }) {
      const volume = of(PersistentVolume).get(key);
      if (!volume) return undefined;
      const { finalizers = [], deletionTimestamp } = volume.metadata;
      const held = finalizers.includes(volumeFinalizer);
      if (!deletionTimestamp && !held) await api.update(PersistentVolume, withFinalizers(volume, [...finalizers, volumeFinalizer]));
      if (!deletionTimestamp || !held || volume.status?.phase === 'Bound') return undefined;
      await api.update(
        PersistentVolume,
        withFinalizers(
          volume,
          finalizers.filter((one) => one !== volumeFinalizer),
        ),
      );
      return undefined;
    },
  });
}

/** Keys of the claims a pod uses, those made for its generic ephemeral volumes among them. */
function claimsOf({ metadata, spec }: Pod): string[] {
  const names = (spec.volumes ?? []).flatMap(({ name, persistentVolumeClaim, ephemeral }) => {
    if (persistentVolumeClaim) return [persistentVolumeClaim.claimName];
    return ephemeral ? [`${metadata.name}-${name}`] : [];
  });
  return names.map((name) => `${metadata.namespace}/${name}`);
}

function withFinalizers<T extends PersistentVolume | PersistentVolumeClaim>(object: T, finalizers: readonly string[]): T {
  return { ...object, metadata: { ...object.metadata, finalizers: finalizers.length > 0 ? [...finalizers] : undefined } };
}
