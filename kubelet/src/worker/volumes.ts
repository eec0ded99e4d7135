import { errorMessage } from '@keelson/base';
import type { Pod } from '@keelson/types';
import type { PodFacts } from '../config/fields.ts';
import { podDirectory } from '../config/paths.ts';
import type { Allocatable } from '../config/resourcefield.ts';
import { podSpec } from '../pod/containers.ts';
import { mountVolumes } from '../volume/mount.ts';
import { volumeReferences } from '../volume/references.ts';
import type { WorkerDeps } from './deps.ts';
import type { PodRecord } from './record.ts';

/** What fields of the pod read that are not in the object. */
export function contentFacts(deps: WorkerDeps, record: PodRecord): { readonly facts: PodFacts; readonly allocatable: Allocatable } {
  const { hostIPs, allocatable } = deps.node;
  const podIPs = podSpec(record.pod).hostNetwork ? hostIPs : (record.observed.sandboxes[0]?.ips ?? []);
  return { facts: { podIPs, hostIPs }, allocatable };
}

/** Mounts the pod's volumes, or brings them up to date. Never rejects: a failure is remembered and told. */
export async function setUpVolumes(deps: WorkerDeps, record: PodRecord): Promise<void> {
  try {
    await refreshVolumes(deps, record);
    record.volumesMounted = true;
    record.failures.delete('/volumes');
    deps.objects.follow(record.pod, volumeReferences(record.pod));
  } catch (error) {
    const message = errorMessage(error);
    const tries = Math.min((record.failures.get('/volumes') ? 2 : 1) * 1_000, 2_000);
    record.failures.set('/volumes', { reason: 'ContainerCreating', message, retryAt: deps.clock.now() + tries });
    deps.event(record.pod, 'Warning', 'FailedMount', message);
  }
}

/** Has the volumes of a running pod show what they should by now. Never rejects: what cannot be had now is told, and tried again later. */
export async function bringVolumesUpToDate(deps: WorkerDeps, record: PodRecord): Promise<void> {
  record.volumesStale = false;
  await refreshVolumes(deps, record).catch((error: unknown) => deps.event(record.pod, 'Warning', 'FailedMount', errorMessage(error)));
}

/** Writes what the pod's volumes should show now. @throws ConfigError or ApiError */
async function refreshVolumes(deps: WorkerDeps, record: PodRecord): Promise<void> {
  const { pod } = record;
  const references = volumeReferences(pod);
  const [objects, tokens] = await Promise.all([
    deps.objects.fetch(pod, references, record.since),
    Promise.all(references.tokens.map(async (wish) => [wish.audience, await deps.tokens.get(pod, wish)] as const)),
  ]);
  const sources = { ...objects, tokens: new Map(tokens), ...contentFacts(deps, record) };
  await mountVolumes(deps.host, deps.node.settings.paths, pod, sources);
}

/** Whether what the pod's volumes show can change while it runs. */
export function hasLiveVolumes(pod: Pod): boolean {
  return (podSpec(pod).volumes ?? []).some((volume) => volume.configMap || volume.secret || volume.projected || volume.downwardAPI);
}

export async function takeDownVolumes(deps: WorkerDeps, record: PodRecord): Promise<void> {
  await deps.host.remove(`${podDirectory(deps.node.settings.paths, record.uid)}/volumes`);
  record.volumesMounted = false;
  deps.objects.unfollow(record.uid);
  deps.tokens.forget(record.uid);
}
