import { type ControllerDefinition, defineController, type ReconcileContext, self } from '@keelson/runtime';
import { Event, PersistentVolume, PersistentVolumeClaim } from '@keelson/types';
import { planExpansion } from './plan.ts';

/**
 * Tells of claims that ask for more than they have whom they wait for. Volumes of drivers are made larger by the driver's resizer and
 * the kubelet, which keep the claim's conditions; no volume that the kubelet knows by itself can grow.
 */
export function volumeExpanderController(): ControllerDefinition {
  return defineController({
    name: 'volume_expand',
    reads: [PersistentVolumeClaim, PersistentVolume],
    writes: [Event],
    triggers: [
      self(
        PersistentVolumeClaim,
        (change) => change.type === 'added' || (change.type === 'updated' && asked(change.object) !== asked(change.old)),
      ),
    ],
    async reconcile(key, { of, events }: ReconcileContext) {
      const claim = of(PersistentVolumeClaim).get(key);
      const plan = claim ? planExpansion(claim, of(PersistentVolume).get(claim.spec?.volumeName ?? '')) : undefined;
      if (plan?.type === 'unbound') throw new Error(`persistent Volume is not bound to PVC being updated : ${key}`);
      if (claim && plan?.type === 'external')
        events.event(claim, 'Normal', 'ExternalExpanding', 'waiting for an external controller to expand this PVC');
      return undefined;
    },
  });
}

function asked({ spec }: PersistentVolumeClaim): string {
  return String(spec?.resources?.requests?.storage);
}
