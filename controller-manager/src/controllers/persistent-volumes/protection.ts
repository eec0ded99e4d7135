import { type ControllerDefinition, defineController, mapped, self } from '@keelson/runtime';
import { Event, PersistentVolume, PersistentVolumeClaim, Pod } from '@keelson/types';

const claimFinalizer = 'kubernetes.io/pvc-protection';
const volumeFinalizer = 'kubernetes.io/pv-protection';
const byClaim = 'claim';

/** A claim stays while a pod that was given its node names it: also one that has ended, as long as it is there. */
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
      const uses = (pod: Pod): boolean => Boolean(pod.spec.nodeName) && usedClaims(pod).includes(key);
      if (of(Pod).byIndex(byClaim, key).some(uses)) return undefined;
      // A pod that has just been placed may not be seen yet.
      if ((await api.list(Pod, { namespace: claim.metadata.namespace })).items.some(uses)) return undefined;
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
export function claimsOf({ metadata, spec }: Pod): string[] {
  const names = (spec.volumes ?? []).flatMap(({ name, persistentVolumeClaim, ephemeral }) => {
    if (persistentVolumeClaim) return [persistentVolumeClaim.claimName];
    return ephemeral ? [`${metadata.name}-${name}`] : [];
  });
  return names.map((name) => `${metadata.namespace}/${name}`);
}

/** Claims a pod still holds. Those made for it are let go as soon as the kubelet is done with it: they go with the pod. */
function usedClaims(pod: Pod): string[] {
  const { deletionTimestamp, deletionGracePeriodSeconds, name, namespace } = pod.metadata;
  if (!deletionTimestamp || deletionGracePeriodSeconds !== 0) return claimsOf(pod);
  const own = (pod.spec.volumes ?? []).filter(({ ephemeral }) => ephemeral).map((volume) => `${namespace}/${name}-${volume.name}`);
  return claimsOf(pod).filter((claim) => !own.includes(claim));
}

function withFinalizers<T extends PersistentVolume | PersistentVolumeClaim>(object: T, finalizers: readonly string[]): T {
  return { ...object, metadata: { ...object.metadata, finalizers: finalizers.length > 0 ? [...finalizers] : undefined } };
}
