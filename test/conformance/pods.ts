import type { Pod } from '@keelson/types';
import type { Context } from './context.ts';
import { type Resource, within } from './resource.ts';

export const pauseImage = 'registry.k8s.io/pause:3.10';

/** A container that runs until it is stopped. */
export const paused = (rest: object = {}): { name: string; image: string } => ({ name: 'pause', image: pauseImage, ...rest });

/** A pod that runs until it is stopped; what `spec` says replaces what stands here. */
export const pausePod = (name: string, spec: object = {}, metadata: object = {}) => ({
  metadata: { name, ...metadata },
  spec: { containers: [paused()], ...spec },
});

export const podsOf = (c: Context, namespace = c.namespace): Resource<Pod> => within<Pod>(c, 'v1', 'pods', namespace);

export const isReady = ({ status }: Pod): boolean =>
  status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;

export const isScheduled = ({ status }: Pod): boolean =>
  status?.conditions?.some(({ type, status }) => type === 'PodScheduled' && status === 'True') ?? false;

export const isUnschedulable = ({ status }: Pod): boolean =>
  status?.conditions?.some(({ type, status, reason }) => type === 'PodScheduled' && status === 'False' && reason === 'Unschedulable') ??
  false;

/** Creates a pod and waits until it runs. */
export async function runPod(pods: Resource<Pod>, body: { metadata: { name: string } }): Promise<Pod> {
  await pods.create(body);
  return pods.until(body.metadata.name, ({ status }) => status?.phase === 'Running');
}
