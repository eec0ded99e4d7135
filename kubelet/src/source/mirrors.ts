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

/** Which mirrors to make and which to take away, so that each static pod has one of its own manifest and no other remains. Pure. */
export function planMirrors(pods: readonly Pod[], mirrors: readonly Pod[]): MirrorPlan {
  const hash = (pod: Pod): string | undefined => pod.metadata?.annotations?.[annotations.configHash];
  const wanted = new Map(pods.map((pod) => [podKey(pod), hash(pod)]));
  const shown = new Map(mirrors.map((mirror) => [podKey(mirror), hash(mirror)]));
  return {
    create: pods.filter((pod) => !shown.has(podKey(pod))),
    remove: mirrors.filter((mirror) => wanted.get(podKey(mirror)) !== hash(mirror) || mirror.metadata?.deletionTimestamp),
  };
}

/** Makes one step towards the planned mirrors; what follows from a removal comes with the next change. @throws ApiError */
export async function syncMirrors(
  api: Api,
  source: ApiSource,
  pods: readonly Pod[],
  nodeName: string,
  nodeUid: string | undefined,
): Promise<void> {
  const { create, remove } = planMirrors(pods, source.mirrors);
  for (const mirror of remove) {
    const key = { name: podName(mirror), namespace: podNamespace(mirror) };
    await api.delete(Pod, key, { gracePeriodSeconds: 0, preconditions: { uid: podUid(mirror) } }).catch(unless(404, 409));
  }
  for (const pod of create) await api.create(Pod, mirrorOf(pod, nodeName, nodeUid)).catch(unless(409));
}

function unless(...codes: readonly number[]): (error: unknown) => void {
  return (error) => {
    if (!(error instanceof ApiError) || !codes.includes(error.code)) throw error;
  };
}
