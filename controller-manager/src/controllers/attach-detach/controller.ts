import { createHash } from 'node:crypto';
import { type ControllerDefinition, defineController, mapped, type Outcome, type ReconcileContext, self } from '@keelson/runtime';
import { CSIDriver, Event, Node, PersistentVolume, PersistentVolumeClaim, Pod, VolumeAttachment } from '@keelson/types';
import { isAlreadyThere, isGone } from '../../api-errors.ts';
import { type Notice, planAttachments } from './plan.ts';

const byNode = 'node';

/** How long, in milliseconds, a volume that is attached elsewhere is waited for. */
const patience = 5_000;

/**
 * Asks attachers outside for the volumes of each node's pods, by VolumeAttachments. A pod that is there holds its volumes: a kubelet lets
 * a pod go only when it has unmounted them.
 */
export function attachDetachController(): ControllerDefinition {
  const told = new Map<string, ReadonlySet<string>>();
  return defineController({
    name: 'attachdetach',
    reads: [Node, Pod, PersistentVolumeClaim, PersistentVolume, CSIDriver, VolumeAttachment],
    writes: [VolumeAttachment, Event],
    triggers: [
      self(Node, ({ type }) => type === 'added'),
      mapped(Pod, nodeOf, { indexes: { [byNode]: nodeOf } }),
      mapped(VolumeAttachment, ({ spec }) => [spec.nodeName]),
      mapped(PersistentVolumeClaim, ({ metadata }, stores) => stores.of(Pod).list(metadata.namespace).flatMap(nodeOf)),
    ],
    reconcile: (nodeName, context) => reconcile(nodeName, context, told),
  });
}

/** Pods without claims have nothing attached. */
function nodeOf({ spec }: Pod): string[] {
  const claims = (spec?.volumes ?? []).some(({ persistentVolumeClaim, ephemeral }) => persistentVolumeClaim ?? ephemeral);
  return spec?.nodeName && claims ? [spec.nodeName] : [];
}

/** `told`: by node, what was said last of which attachment to which pod. */
async function reconcile(
  nodeName: string,
  { of, api, events }: ReconcileContext,
  told: Map<string, ReadonlySet<string>>,
): Promise<Outcome> {
  const plan = planAttachments({
    nodeName,
    pods: of(Pod).byIndex(byNode, nodeName),
    attachments: of(VolumeAttachment).list(),
    claim: (key) => of(PersistentVolumeClaim).get(key),
    volume: (name) => of(PersistentVolume).get(name),
    driver: (name) => of(CSIDriver).get(name),
    nameOf,
  });
  for (const attachment of plan.create) {
    await api.create(VolumeAttachment, attachment).catch((error: unknown) => {
      if (!isAlreadyThere(error)) throw error;
    });
  }
  for (const name of plan.remove) {
    await api.delete(VolumeAttachment, { name }).catch((error: unknown) => {
      if (!isGone(error)) throw error;
    });
  }
  const keyOf = ({ pod, message }: Notice): string => `${pod.metadata.uid}/${message}`;
  for (const notice of plan.notices) {
    const { pod, type, reason, message } = notice;
    if (!told.get(nodeName)?.has(keyOf(notice))) events.event({ ...pod, apiVersion: 'v1', kind: 'Pod' }, type, reason, message);
  }
  told.set(nodeName, new Set(plan.notices.map(keyOf)));
  return plan.notices.some(({ type }) => type === 'Warning') ? { again: patience } : undefined;
}

function nameOf(handle: string, driver: string, nodeName: string): string {
  return `csi-${createHash('sha256').update(`${handle}${driver}${nodeName}`).digest('hex')}`;
}
