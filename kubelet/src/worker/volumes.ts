import { errorMessage } from '@keelson/base';
import type { Pod } from '@keelson/types';
import type { PodFacts } from '../config/fields.ts';
import { podDirectory } from '../config/paths.ts';
import type { Allocatable } from '../config/resourcefield.ts';
import { podSpec } from '../pod/containers.ts';
import { fetchClaims } from '../volume/claim-objects.ts';
import type { Found } from '../volume/claims.ts';
import type { ContentSources } from '../volume/content.ts';
import { expandVolumes } from '../volume/expansion.ts';
import { VolumeFailure } from '../volume/failure.ts';
import { type MountPlace, mountVolumes, updateVolumes } from '../volume/mount.ts';
import { isLive, type TokenWish, tokenKey, volumeReferences } from '../volume/references.ts';
import type { WorkerDeps } from './deps.ts';
import type { PodRecord } from './record.ts';

/** What fields of the pod read that are not in the object. */
export function contentFacts(deps: WorkerDeps, record: PodRecord): { readonly facts: PodFacts; readonly allocatable: Allocatable } {
  const { hostIPs, allocatable } = deps.node;
  const podIPs = podSpec(record.pod).hostNetwork ? hostIPs : (record.observed.sandboxes[0]?.ips ?? []);
  return { facts: { podIPs, hostIPs }, allocatable };
}

/** Mounts the pod's volumes. Never rejects: a failure is remembered and told. */
export async function setUpVolumes(deps: WorkerDeps, record: PodRecord): Promise<void> {
  record.volumesHeld = true;
  try {
    const [sources, found] = await Promise.all([contentSources(deps, record), fetchClaims(deps.api, record.pod)]);
    record.claimed = await mountVolumes(place(deps), record.pod, sources, found);
    record.volumesMounted = true;
    await expand(deps, record, found);
    record.failures.delete('/volumes');
    deps.objects.follow(record.pod, volumeReferences(record.pod));
  } catch (error) {
    const tries = Math.min((record.failures.get('/volumes') ? 2 : 1) * 1_000, 2_000);
    record.failures.set('/volumes', { reason: 'ContainerCreating', message: errorMessage(error), retryAt: deps.clock.now() + tries });
    tell(deps, record.pod, error);
  }
}

/** Has the volumes of a running pod show what they should by now. Never rejects: what cannot be had now is told, and tried again later. */
export async function bringVolumesUpToDate(deps: WorkerDeps, record: PodRecord): Promise<void> {
  record.volumesStale = false;
  try {
    const [sources, found] = await Promise.all([
      contentSources(deps, record),
      hasDriver(record) ? fetchClaims(deps.api, record.pod) : undefined,
    ]);
    await updateVolumes(place(deps), record.pod, sources, record.claimed);
    if (found) await expand(deps, record, found);
  } catch (error) {
    tell(deps, record.pod, error);
  }
}

function hasDriver({ claimed }: PodRecord): boolean {
  return [...claimed.values()].some(({ source }) => source.type === 'csi');
}

async function expand({ api, drivers, node, event }: WorkerDeps, record: PodRecord, found: ReadonlyMap<string, Found>): Promise<void> {
  if (drivers) await expandVolumes({ api, drivers, paths: node.settings.paths, event }, record.pod, record.claimed, found);
}

function place({ host, drivers, node }: WorkerDeps): MountPlace {
  return { host, drivers, paths: node.settings.paths, node: node.object() };
}

function tell(deps: WorkerDeps, pod: Pod, error: unknown): void {
  for (const message of error instanceof VolumeFailure ? error.each : [errorMessage(error)])
    deps.event(pod, 'Warning', 'FailedMount', message);
}

/** What the pod's volumes should show now. @throws ApiError */
async function contentSources(deps: WorkerDeps, record: PodRecord): Promise<ContentSources> {
  const { pod } = record;
  const references = volumeReferences(pod);
  const [objects, tokens] = await Promise.all([
    deps.objects.fetch(pod, references, record.since),
    Promise.all(references.tokens.map(async (wish) => [tokenKey(wish), await token(deps, pod, wish)] as const)),
  ]);
  return { ...objects, tokens: new Map(tokens), ...contentFacts(deps, record) };
}

/** One that cannot be had keeps back the volume that shows it, and no other. */
async function token({ tokens }: WorkerDeps, pod: Pod, wish: TokenWish): Promise<string | Error> {
  return tokens.get(pod, wish).catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))));
}

/** Whether the pod's volumes have to be looked at while it runs: what they show can change, or their driver has more to do. */
export function hasLiveVolumes(pod: Pod): boolean {
  return (podSpec(pod).volumes ?? []).some((volume) => isLive(volume) || volume.csi || volume.persistentVolumeClaim || volume.ephemeral);
}

/** Gives back what the pod's containers used: claimed devices, and volumes. @throws Error while that cannot be. */
export async function takeDownVolumes(deps: WorkerDeps, record: PodRecord): Promise<void> {
  await deps.devices?.unprepare(record.pod);
  const directory = podDirectory(deps.node.settings.paths, record.uid);
  await deps.host.remove(`${directory}/volume-subpaths`);
  await deps.drivers?.unmountAll(directory);
  await deps.host.remove(`${directory}/volumes`);
  record.volumesMounted = false;
  record.claimed = new Map();
  record.volumesHeld = false;
  deps.objects.unfollow(record.uid);
  deps.tokens.forget(record.uid);
}
