import assert from 'node:assert/strict';
import type { Pod, Scale } from '@keelson/types';
import { paused } from './pods.ts';
import { type Labelled, type Resource, seen, withAnnotations } from './resource.ts';

export interface Workload extends Labelled {
  spec?: { replicas?: number | undefined } | undefined;
  status?:
    | { replicas?: number | undefined; conditions?: readonly { type: string; status: string; reason?: string }[] | undefined }
    | undefined;
}

/** Part of a pod's spec: nobody opens the gate, so the pod never gets ready. */
export const neverReady = { readinessGates: [{ conditionType: 'example.com/never' }] };

/** A pod template with those labels; what `spec` says replaces what stands here. */
export const templateOf = (labels: Record<string, string>, spec: object = {}) => ({
  metadata: { labels },
  spec: { terminationGracePeriodSeconds: 0, containers: [paused()], ...spec },
});

/** A workload that selects its own name; what `spec` says replaces what stands here. */
export const workload = (name: string, replicas: number, spec: object = {}, labels: Record<string, string> = { name }) => ({
  metadata: { name, labels },
  spec: { replicas, selector: { matchLabels: labels }, template: templateOf(labels), ...spec },
});

/** Whose pod it is. */
export const controllerOf = ({ metadata }: Pod) => metadata.ownerReferences?.find(({ controller }) => controller);

/** Reads the scale, sets it by update and by patch, as a typed client of Go writes both. */
export async function scales(resource: Resource<Workload>, name: string, from: number): Promise<void> {
  await resource.until(name, ({ status }) => status?.replicas === from);
  const scaleOf = async (method: string, body?: object, type?: 'strategic'): Promise<Scale> => {
    const reply = await resource.ask(method, `${name}/scale`, body, type);
    assert.equal(reply.status, 200, reply.text);
    return reply.json<Scale>();
  };
  const scale = await scaleOf('GET');
  assert.deepEqual([scale.kind, scale.spec?.replicas, scale.status?.replicas], ['Scale', from, from]);
  const { resourceVersion: _, ...metadata } = scale.metadata;
  const updated = await scaleOf('PUT', { ...scale, metadata, spec: { replicas: from + 1 } });
  assert.equal(updated.spec?.replicas, from + 1);
  assert.equal((await resource.get(name)).spec?.replicas, from + 1);
  await resource.until(name, ({ status }) => status?.replicas === from + 1);
  const typed = { metadata: { creationTimestamp: null }, spec: { replicas: from + 3 }, status: { replicas: 0 } };
  await scaleOf('PATCH', typed, 'strategic');
  assert.equal((await resource.get(name)).spec?.replicas, from + 3);
}

/** Reads, updates and patches the status; both changes are told to watchers. */
export async function reports(resource: Resource<Workload>, name: string): Promise<void> {
  await resource.patch(name, { metadata: { labels: { e2e: 'testing' } } });
  const following = await resource.follow({ labelSelector: 'e2e=testing' });
  assert.equal((await resource.get(`${name}/status`)).metadata.name, name);
  const condition = { type: 'StatusUpdate', status: 'True', reason: 'E2E', message: 'Set from e2e test' };
  const told = (type: string, reason?: string) =>
    seen(following, ({ object }) => object.status?.conditions?.some((one) => one.type === type && (!reason || one.reason === reason)));
  await resource.update(
    name,
    (present) => ({ ...present, status: { ...present.status, conditions: [...(present.status?.conditions ?? []), condition] } }),
    '/status',
  );
  await told('StatusUpdate', 'E2E');
  const patched = await resource.patch(`${name}/status`, { status: { conditions: [{ type: 'StatusPatched', status: 'True' }] } }, 'merge');
  assert.deepEqual(
    patched.status?.conditions?.map(({ type }) => type),
    ['StatusPatched'],
  );
  await told('StatusPatched');
  await resource.update(name, (present) => withAnnotations(present, { after: 'status' }));
}
