import { timestamp } from '@keelson/base';
import { type ControllerDefinition, defineController, keyOf, mapped, type ReconcileContext, self } from '@keelson/runtime';
import { Event, PersistentVolume, PersistentVolumeClaim } from '@keelson/types';
import { isGone } from '../../api-errors.ts';
import { planVolume, type Reclaim } from './reclaim.ts';

/** Removes a directory of the machine that the manager runs on, with all that is in it. */
export type RemoveDirectory = (path: string) => Promise<void>;

/** Says of volumes whether they are bound, and removes those whose claim is gone where nobody else does. */
export function volumesController(removeDirectory: RemoveDirectory | undefined): ControllerDefinition {
  return defineController({
    name: 'persistentvolume-binder',
    reads: [PersistentVolume, PersistentVolumeClaim],
    writes: [PersistentVolume, 'persistentvolumes/status', Event],
    triggers: [
      self(PersistentVolume),
      mapped(PersistentVolumeClaim, ({ metadata }, stores) =>
        stores
          .of(PersistentVolume)
          .list()
          .filter(({ spec }) => spec?.claimRef?.name === metadata.name && spec?.claimRef?.namespace === metadata.namespace)
          .map(keyOf),
      ),
    ],
    async reconcile(key, context) {
      const volume = context.of(PersistentVolume).get(key);
      if (volume) await carryOut(volume, context, removeDirectory);
      return undefined;
    },
  });
}

async function carryOut(volume: PersistentVolume, context: ReconcileContext, removeDirectory: RemoveDirectory | undefined): Promise<void> {
  const { claimRef } = volume.spec ?? {};
  const plan = planVolume(volume, claimRef && context.of(PersistentVolumeClaim).get(`${claimRef.namespace}/${claimRef.name}`));
  switch (plan.type) {
    case 'leave':
      return;
    case 'phase':
      await enter(volume, plan.phase, context);
      return;
    case 'unbind':
      await enter(await context.api.update(PersistentVolume, plan.volume), 'Available', context);
      return;
    default: {
      // What went wrong stays to be seen while it is tried again.
      const released = volume.status?.phase === 'Failed' ? volume : await enter(volume, 'Released', context);
      await reclaim(released, plan.reclaim, context, removeDirectory);
    }
  }
}

async function reclaim(
  volume: PersistentVolume,
  plan: Reclaim,
  context: ReconcileContext,
  removeDirectory: RemoveDirectory | undefined,
): Promise<void> {
  const { api, events } = context;
  if (plan.type === 'keep') return;
  if (plan.type === 'fail') {
    if (volume.status?.phase === 'Failed') return;
    await enter(volume, 'Failed', context, plan.message);
    events.event(volume, 'Warning', plan.reason, plan.message);
    return;
  }
  await removeDirectory?.(plan.path);
  try {
    await api.delete(PersistentVolume, { name: volume.metadata.name ?? '' }, { preconditions: { uid: volume.metadata.uid } });
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

/** Answers the volume as it is then. */
async function enter(
  volume: PersistentVolume,
  phase: string,
  { api, clock }: ReconcileContext,
  message?: string,
): Promise<PersistentVolume> {
  if (volume.status?.phase === phase) return volume;
  const status = { ...volume.status, phase, message, lastPhaseTransitionTime: timestamp(clock) };
  return api.update(PersistentVolume, { ...volume, status }, { subresource: 'status' });
}
