import { type ControllerDefinition, defineController, mapped, self } from '@keelson/runtime';
import { Event, PersistentVolume, PersistentVolumeClaim, VolumeAttributesClass } from '@keelson/types';
import { isGone } from '../../api-errors.ts';
import { classesOfClaim, classesOfVolume, planProtection } from './plan.ts';

const byClass = 'volumeAttributesClass';

/** A class of volume attributes stays until no claim and no volume names it. */
export function attributesClassProtectionController(): ControllerDefinition {
  return defineController({
    name: 'vacprotection',
    reads: [VolumeAttributesClass, PersistentVolumeClaim, PersistentVolume],
    writes: [VolumeAttributesClass, Event],
    triggers: [
      self(VolumeAttributesClass),
      mapped(PersistentVolumeClaim, classesOfClaim, { indexes: { [byClass]: classesOfClaim } }),
      mapped(PersistentVolume, classesOfVolume, { indexes: { [byClass]: classesOfVolume } }),
    ],
    workers: 1,
    async reconcile(name, { of, api }) {
      const present = of(VolumeAttributesClass).get(name);
      const isUsed = of(PersistentVolumeClaim).byIndex(byClass, name).length + of(PersistentVolume).byIndex(byClass, name).length > 0;
      const wanted = present && planProtection(present, isUsed);
      try {
        if (wanted) await api.update(VolumeAttributesClass, wanted);
      } catch (error) {
        if (!isGone(error)) throw error;
      }
      return undefined;
    },
  });
}
