import { errorMessage } from '@keelson/base';
import { controllerOf } from '@keelson/machinery';
import { type ControllerDefinition, defineController, mapped, type ReconcileContext, self } from '@keelson/runtime';
import { Event, PersistentVolumeClaim, Pod, type Volume } from '@keelson/types';
import type { Registry } from 'prom-client';
import { isAlreadyThere, isGone, isNamespaceEnding } from '../../api-errors.ts';
import { type CreateMetrics, createMetrics } from './metrics.ts';
import { claimNameOf, ephemeralVolumes, planVolume } from './plan.ts';

/** Makes the claims of pods' generic ephemeral volumes. They belong to their pods, and go with them. */
export function ephemeralVolumeController(workers: number, registry: Registry | undefined): ControllerDefinition {
  const metrics = createMetrics(registry);
  return defineController({
    name: 'ephemeral_volume',
    reads: [Pod, PersistentVolumeClaim],
    writes: [PersistentVolumeClaim, Event],
    triggers: [
      // What volumes a pod has never changes.
      self(Pod, ({ type, object }) => type === 'added' && ephemeralVolumes(object).length > 0),
      // One that was deleted is made again for as long as its pod is there.
      mapped(PersistentVolumeClaim, ownersOf, { when: ({ type }) => type === 'deleted' }),
    ],
    workers,
    async reconcile(key, context) {
      const pod = context.of(Pod).get(key);
      for (const volume of pod ? ephemeralVolumes(pod) : []) if (pod) await provide(pod, volume, context, metrics);
      return undefined;
    },
  });
}

function ownersOf({ metadata }: PersistentVolumeClaim): string[] {
  const owner = controllerOf(metadata);
  return owner?.kind === 'Pod' ? [`${metadata.namespace}/${owner.name}`] : [];
}

/** @throws Error when the claim is not there and cannot be made: the pod is looked at again after a while. */
async function provide(pod: Pod, volume: Volume, context: ReconcileContext, metrics: CreateMetrics): Promise<void> {
  try {
    await create(pod, volume, context, metrics);
  } catch (error) {
    const about = { ...pod, apiVersion: 'v1', kind: 'Pod' };
    context.events.event(about, 'Warning', 'FailedBinding', `ephemeral volume ${volume.name}: ${errorMessage(error)}`);
    throw new Error(`pod ${pod.metadata.name}, ephemeral volume ${volume.name}: ${errorMessage(error)}`, { cause: error });
  }
}

async function create(pod: Pod, volume: Volume, { of, api }: ReconcileContext, metrics: CreateMetrics): Promise<void> {
  const name = claimNameOf(pod, volume);
  const plan = planVolume(pod, volume, of(PersistentVolumeClaim).get(`${pod.metadata.namespace}/${name}`));
  if (plan.type === 'conflict') throw new Error(plan.message);
  if (plan.type === 'none') return;
  const isOwn = (claim: PersistentVolumeClaim): boolean => planVolume(pod, volume, claim).type === 'none';
  metrics.attempted();
  try {
    await api.create(PersistentVolumeClaim, plan.claim);
  } catch (error) {
    // Made a moment ago, and not seen yet.
    if (isAlreadyThere(error) && isOwn(await api.get(PersistentVolumeClaim, { name, namespace: plan.claim.metadata.namespace }))) return;
    metrics.failed();
    // The namespace is going, and the pod with it.
    if (isGone(error) || isNamespaceEnding(error)) return;
    throw new Error(`create PVC ${name}: ${errorMessage(error)}`, { cause: error });
  }
}
