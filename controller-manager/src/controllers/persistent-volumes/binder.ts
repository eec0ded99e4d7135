import {
  type ControllerDefinition,
  defineController,
  keyOf,
  mapped,
  type Outcome,
  type ReconcileContext,
  type Stores,
  self,
} from '@keelson/runtime';
import { Event, PersistentVolume, PersistentVolumeClaim, Pod, StorageClass } from '@keelson/types';
import { annotations, type ClaimPlan, planClaim } from './plan.ts';
import { claimsOf } from './protection.ts';
import { type RemoveDirectory, volumesController } from './volumes.ts';

/** Claims wait this long, in milliseconds, before they are looked at again for want of a volume. */
const patience = 15_000;

/** Brings claims and volumes together. Volumes are made by provisioners outside. */
export function volumeBinderController(removeDirectory: RemoveDirectory | undefined): ControllerDefinition[] {
  return [
    defineController({
      name: 'persistentvolumeclaim-binder',
      reads: [PersistentVolumeClaim, PersistentVolume, StorageClass, Pod],
      writes: [PersistentVolumeClaim, 'persistentvolumeclaims/status', PersistentVolume, Event],
      triggers: [
        self(PersistentVolumeClaim),
        mapped(PersistentVolume, ({ metadata }, stores) =>
          unboundClaims(stores, ({ spec }) => spec.volumeName === metadata.name).map(keyOf),
        ),
        mapped(StorageClass, (_class, stores) => unboundClaims(stores).map(keyOf)),
      ],
      reconcile: (key, context) => reconcileClaim(key, context),
    }),
    volumesController(removeDirectory),
  ];
}

function unboundClaims(stores: Stores, besides: (claim: PersistentVolumeClaim) => boolean = () => false): readonly PersistentVolumeClaim[] {
  return stores
    .of(PersistentVolumeClaim)
    .list()
    .filter((claim) => claim.status?.phase !== 'Bound' || besides(claim));
}

async function reconcileClaim(key: string, context: ReconcileContext): Promise<Outcome> {
  const claim = context.of(PersistentVolumeClaim).get(key);
  if (!claim || claim.metadata.deletionTimestamp) return undefined;
  const names = (pod: Pod): boolean => claimsOf(pod).includes(key) && !pod.spec.nodeName;
  const plan = planClaim({
    claim,
    volumes: context.of(PersistentVolume).list(),
    classes: context.of(StorageClass).list(),
    waiting: () => context.of(Pod).list(claim.metadata.namespace).filter(names),
  });
  return carryOut(plan, claim, context);
}

async function carryOut(plan: ClaimPlan, claim: PersistentVolumeClaim, context: ReconcileContext): Promise<Outcome> {
  const { api, events } = context;
  switch (plan.type) {
    case 'bind':
      return bind(claim, plan.volume, context);
    case 'bound':
      await writeStatus(claim, boundStatus(claim, plan.volume), context);
      return undefined;
    case 'lost':
      if (claim.status?.phase === 'Lost') return undefined;
      events.event(claim, 'Warning', plan.reason, plan.message);
      await writeStatus(claim, { ...claim.status, phase: 'Lost' }, context);
      return undefined;
    case 'class':
      await api.update(PersistentVolumeClaim, { ...claim, spec: { ...claim.spec, storageClassName: plan.name } });
      return undefined;
    case 'wait':
      if (plan.told) events.event(claim, plan.told.type, plan.told.reason, plan.told.message);
      return { again: patience };
    default: {
      const { provisioner, betaProvisioner } = annotations;
      if (claim.metadata.annotations?.[provisioner] !== plan.provisioner)
        await api.update(PersistentVolumeClaim, annotated(claim, { [provisioner]: plan.provisioner, [betaProvisioner]: plan.provisioner }));
      const message = `Waiting for a volume to be created either by the external provisioner '${plan.provisioner}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.`;
      events.event(claim, 'Normal', 'ExternalProvisioning', message);
      return { again: patience };
    }
  }
}

/** The volume first: a claim that says it is bound has a volume that says so, too. */
async function bind(claim: PersistentVolumeClaim, volume: PersistentVolume, context: ReconcileContext): Promise<Outcome> {
  const { api } = context;
  const { name, namespace, uid, resourceVersion } = claim.metadata;
  if (volume.spec?.claimRef?.uid !== uid) {
    const claimRef = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', name, namespace, uid, resourceVersion };
    const reserved = volume.spec?.claimRef !== undefined;
    const next = reserved ? volume : annotated(volume, { [annotations.boundByController]: 'yes' });
    await api.update(PersistentVolume, { ...next, spec: { ...next.spec, claimRef } } as PersistentVolume);
  }
  const marks = { [annotations.bindCompleted]: 'yes', ...(claim.spec.volumeName ? {} : { [annotations.boundByController]: 'yes' }) };
  const spec = { ...claim.spec, volumeName: volume.metadata.name };
  const bound = await api.update(PersistentVolumeClaim, { ...annotated(claim, marks), spec });
  await writeStatus(bound, boundStatus(bound, volume), context);
  return undefined;
}

function boundStatus(claim: PersistentVolumeClaim, { spec }: PersistentVolume): PersistentVolumeClaim['status'] {
  // Of a claim that is bound, who enlarges its volume says when the claim may use all of it.
  const kept = claim.status?.phase === 'Bound';
  const capacity = kept ? claim.status?.capacity : spec?.capacity;
  const attributes = kept ? claim.status?.currentVolumeAttributesClassName : spec?.volumeAttributesClassName;
  const current = attributes === undefined ? {} : { currentVolumeAttributesClassName: attributes };
  return { ...claim.status, phase: 'Bound', accessModes: spec?.accessModes, capacity, ...current };
}

async function writeStatus(
  claim: PersistentVolumeClaim,
  status: PersistentVolumeClaim['status'],
  { api }: ReconcileContext,
): Promise<void> {
  if (JSON.stringify(status) === JSON.stringify(claim.status)) return;
  await api.update(PersistentVolumeClaim, { ...claim, status }, { subresource: 'status' });
}

function annotated<T extends PersistentVolume | PersistentVolumeClaim>(object: T, more: Record<string, string>): T {
  return { ...object, metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, ...more } } };
}
