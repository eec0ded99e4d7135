import { timestamp } from '@keelson/base';
import { storageClassOf } from '@keelson/machinery';
import { type ControllerDefinition, defineController, keyOf, mapped, type Outcome, type ReconcileContext, self } from '@keelson/runtime';
import { Event, PersistentVolume, PersistentVolumeClaim, StorageClass } from '@keelson/types';
import { annotations, type ClaimPlan, phaseOf, planClaim } from './plan.ts';

/** Claims wait this long, in milliseconds, before they are looked at again for want of a volume. */
const patience = 15_000;

/** Brings claims and volumes together. Volumes are made and removed by provisioners outside. */
export function volumeBinderController(): ControllerDefinition[] {
  return [
    defineController({
      name: 'persistentvolumeclaim-binder',
      reads: [PersistentVolumeClaim, PersistentVolume, StorageClass],
      writes: [PersistentVolumeClaim, 'persistentvolumeclaims/status', PersistentVolume, Event],
      triggers: [
        self(PersistentVolumeClaim),
        mapped(PersistentVolume, (volume, stores) =>
          stores
            .of(PersistentVolumeClaim)
            .list()
            .filter(({ status, spec }) => status?.phase !== 'Bound' || spec.volumeName === volume.metadata.name)
            .map(keyOf),
        ),
      ],
      reconcile: (key, context) => reconcileClaim(key, context),
    }),
    defineController({
      name: 'persistentvolume-binder',
      reads: [PersistentVolume, PersistentVolumeClaim],
      writes: ['persistentvolumes/status', Event],
      triggers: [
        self(PersistentVolume),
        mapped(PersistentVolumeClaim, (claim, stores) =>
          stores
            .of(PersistentVolume)
            .list()
            .filter(({ spec }) => spec?.claimRef?.name === claim.metadata.name && spec?.claimRef?.namespace === claim.metadata.namespace)
            .map(keyOf),
        ),
      ],
      reconcile: (key, context) => reconcileVolume(key, context),
    }),
  ];
}

async function reconcileClaim(key: string, context: ReconcileContext): Promise<Outcome> {
  const claim = context.of(PersistentVolumeClaim).get(key);
  if (!claim || claim.metadata.deletionTimestamp) return undefined;
  const plan = planClaim({
    claim,
    volumes: context.of(PersistentVolume).list(),
    storageClass: context.of(StorageClass).get(storageClassOf(claim)),
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
    case 'wait':
      events.event(claim, plan.reason === 'ProvisioningFailed' ? 'Warning' : 'Normal', plan.reason, plan.message);
      return { again: patience };
    default: {
      if (claim.metadata.annotations?.[annotations.provisioner] !== plan.provisioner)
        await api.update(PersistentVolumeClaim, annotated(claim, { [annotations.provisioner]: plan.provisioner }));
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
  const capacity = claim.status?.phase === 'Bound' ? claim.status.capacity : spec?.capacity;
  return { ...claim.status, phase: 'Bound', accessModes: spec?.accessModes, capacity };
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

async function reconcileVolume(key: string, { of, api, clock }: ReconcileContext): Promise<Outcome> {
  const volume = of(PersistentVolume).get(key);
  if (!volume) return undefined;
  const { claimRef } = volume.spec ?? {};
  const claim = claimRef && of(PersistentVolumeClaim).get(`${claimRef.namespace}/${claimRef.name}`);
  const phase = phaseOf(volume, claim);
  if (volume.status?.phase === phase) return undefined;
  const lastPhaseTransitionTime = timestamp(clock);
  await api.update(
    PersistentVolume,
    { ...volume, status: { ...volume.status, phase, lastPhaseTransitionTime } },
    { subresource: 'status' },
  );
  return undefined;
}
