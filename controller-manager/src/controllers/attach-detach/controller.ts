import { createHash } from 'node:crypto';
import { type ControllerDefinition, defineController, mapped, type Outcome, type ReconcileContext, self } from '@keelson/runtime';
import { CSIDriver, Event, Node, PersistentVolume, PersistentVolumeClaim, Pod, VolumeAttachment } from '@keelson/types';
import { isAlreadyThere, isGone } from '../../api-errors.ts';
import { type AttachPlan, type Notice, planAttachments } from './plan.ts';

const byNode = 'node';

/** How long, in milliseconds, a volume that is attached elsewhere is waited for. */
const patience = 5_000;

/**
 * Asks attachers outside for the volumes of each node's pods, by VolumeAttachments. A pod that has not ended holds its volumes, and so
 * does a node that says it uses them.
 */
export function attachDetachController(): ControllerDefinition {
  const memory: Memory = { told: new Map(), since: new Map() };
  return defineController({
    name: 'attachdetach',
    reads: [Node, Pod, PersistentVolumeClaim, PersistentVolume, CSIDriver, VolumeAttachment],
    writes: [VolumeAttachment, 'nodes/status', Event],
    triggers: [
      self(Node, (change) => change.type !== 'updated' || usesOf(change.object) !== usesOf(change.old)),
      mapped(Pod, nodeOf, { indexes: { [byNode]: nodeOf } }),
      mapped(VolumeAttachment, ({ spec }) => [spec.nodeName]),
      mapped(PersistentVolumeClaim, ({ metadata }, stores) => stores.of(Pod).list(metadata.namespace).flatMap(nodeOf)),
    ],
    reconcile: (nodeName, context) => reconcile(nodeName, context, memory),
  });
}

/** Of a node, what decides whether it can be parted from its volumes. */
function usesOf(node: Node | undefined): string {
  const ready = node?.status?.conditions?.find(({ type }) => type === 'Ready')?.status;
  return JSON.stringify([node?.status?.volumesInUse, node?.spec?.taints, ready]);
}

/** Pods without claims have nothing attached. */
function nodeOf({ spec }: Pod): string[] {
  const claims = (spec?.volumes ?? []).some(({ persistentVolumeClaim, ephemeral }) => persistentVolumeClaim ?? ephemeral);
  return spec?.nodeName && claims ? [spec.nodeName] : [];
}

interface Memory {
  /** By node, what was said last of which attachment to which pod. */
  readonly told: Map<string, ReadonlySet<string>>;
  /** By node and attachment, when the node was first seen to use what nobody wants there, in milliseconds. */
  readonly since: Map<string, ReadonlyMap<string, number>>;
}

async function reconcile(nodeName: string, context: ReconcileContext, memory: Memory): Promise<Outcome> {
  const { of, api, clock } = context;
  const now = clock.now();
  const since = memory.since.get(nodeName);
  const plan = planAttachments({
    nodeName,
    node: of(Node).get(nodeName),
    waited: (name) => now - (since?.get(name) ?? now),
    pods: of(Pod).byIndex(byNode, nodeName),
    podsOn: (name) => of(Pod).byIndex(byNode, name),
    attachments: of(VolumeAttachment).list(),
    claim: (key) => of(PersistentVolumeClaim).get(key),
    volume: (name) => of(PersistentVolume).get(name),
    driver: (name) => of(CSIDriver).get(name),
    nameOf,
  });
  memory.since.set(nodeName, new Map(plan.waiting.map((name) => [name, since?.get(name) ?? now])));
  await tellNode(of(Node).get(nodeName), plan, context);
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
  tellPods(nodeName, plan, context, memory);
  const unsettled = plan.waiting.length > 0 || plan.notices.some(({ type }) => type === 'Warning');
  return unsettled ? { again: patience } : undefined;
}

/** Written before anything is detached: the node is never told that it has what it has not. */
async function tellNode(node: Node | undefined, { attached }: AttachPlan, { api }: ReconcileContext): Promise<void> {
  const present = (node?.status?.volumesAttached ?? []).map(({ name }) => name).sort();
  const wanted = attached.map(({ name }) => name).sort();
  if (!node || present.join() === wanted.join()) return;
  const status = { volumesAttached: attached.length > 0 ? attached : null };
  const key = { name: node.metadata.name ?? '' };
  await api.patch(Node, key, 'application/merge-patch+json', { status }, { subresource: 'status' });
}

function tellPods(nodeName: string, plan: AttachPlan, { events }: ReconcileContext, { told }: Memory): void {
  const keyOf = ({ pod, message }: Notice): string => `${pod.metadata.uid}/${message}`;
  for (const notice of plan.notices) {
    const { pod, type, reason, message } = notice;
    if (!told.get(nodeName)?.has(keyOf(notice))) events.event({ ...pod, apiVersion: 'v1', kind: 'Pod' }, type, reason, message);
  }
  told.set(nodeName, new Set(plan.notices.map(keyOf)));
}

function nameOf(handle: string, driver: string, nodeName: string): string {
  return `csi-${createHash('sha256').update(`${handle}${driver}${nodeName}`).digest('hex')}`;
}
