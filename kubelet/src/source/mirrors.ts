import { type Api, ApiError } from '@keelson/client';
import { Pod } from '@keelson/types';
import { annotations } from '../pod/annotations.ts';
import { podKey, podName, podNamespace, podUid } from '../pod/naming.ts';
import type { ApiSource } from './api.ts';
import { mirrorOf } from './manifest.ts';

export interface MirrorPlan {
  readonly create: readonly Pod[];
  readonly remove: readonly Pod[];
}

/** The static pods of a node. */
export interface StaticPods {
  readonly pods: readonly Pod[];
  /** No longer wanted; those of the same name wait for them. */
  readonly ending: readonly Pod[];
}

/**
 * Which mirrors to make and which to take away, so that each static pod has one of its own manifest and no other remains. The mirror of one
 * that ends stays until it has. Pure.
 */
export function planMirrors({ pods, ending }: StaticPods, mirrors: readonly Pod[]): MirrorPlan {
  const hash = (pod: Pod): string | undefined => pod.metadata?.annotations?.[annotations.configHash];
  const wanted = new Map([...pods, ...ending].map((pod) => [podKey(pod), hash(pod)]));
  const shown = new Map([...mirrors, ...ending].map((mirror) => [podKey(mirror), hash(mirror)]));
  return {
    create: pods.filter((pod) => !shown.has(podKey(pod))),
    remove: mirrors.filter((mirror) => wanted.get(podKey(mirror)) !== hash(mirror) || mirror.metadata?.deletionTimestamp),
  };
}

/** Makes one step towards the planned mirrors; what follows from a removal comes with the next change. @throws ApiError of the first that failed */
export async function syncMirrors(
  api: Api,
  source: ApiSource,
  pods: StaticPods,
  nodeName: string,
  nodeUid: string | undefined,
): Promise<void> {
  const { create, remove } = planMirrors(pods, source.mirrors);
  const removals = remove.map((mirror) => {
    const key = { name: podName(mirror), namespace: podNamespace(mirror) };
    return api.delete(Pod, key, { gracePeriodSeconds: 0, preconditions: { uid: podUid(mirror) } }).catch(unless(404, 409));
  });
  const creations = create.map((pod) => api.create(Pod, mirrorOf(pod, nodeName, nodeUid)).catch(unless(409)));
  const failed = (await Promise.allSettled([...removals, ...creations])).find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
}

function unless(...codes: readonly number[]): (error: unknown) => void {
  return (error) => {
    if (!(error instanceof ApiError) || !codes.includes(error.code)) throw error;
  };
}
