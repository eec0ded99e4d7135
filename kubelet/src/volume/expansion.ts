import { errorMessage } from '@keelson/base';
import type { Api } from '@keelson/client';
import { type PersistentVolume, PersistentVolumeClaim, type Pod } from '@keelson/types';
import { type Paths, volumePath } from '../config/paths.ts';
import { bytes } from '../config/quantity.ts';
import { podNamespace, podUid } from '../pod/naming.ts';
import type { Claimed, ClaimedVolume, Found } from './claims.ts';
import type { Drivers } from './drivers.ts';

/** What a volume has come to. */
export interface Growth {
  readonly bytes: number;
  /** As the volume says it. */
  readonly storage: string;
}

/** A volume that is larger by now than its claim was told; undefined: there is nothing to do for it on the node. */
export function growthOf({ status }: PersistentVolumeClaim, { spec }: PersistentVolume): Growth | undefined {
  const [has, told] = [spec?.capacity?.storage, status?.capacity?.storage];
  if (has === undefined || told === undefined || bytes(has) <= bytes(told)) return undefined;
  return { bytes: bytes(has), storage: String(has) };
}

export interface ExpansionDeps {
  readonly api: Pick<Api, 'patch'>;
  readonly drivers: Pick<Drivers, 'expand'>;
  readonly paths: Paths;
  event(pod: Pod, type: 'Normal' | 'Warning', reason: string, message: string): void;
}

/** Has the mounted volumes of drivers use the size they have by now, and says so in their claims. Never rejects: a failure is told. */
export async function expandVolumes(deps: ExpansionDeps, pod: Pod, claimed: Claimed, found: ReadonlyMap<string, Found>): Promise<void> {
  for (const volume of claimed.values()) {
    const { claim, volume: present } = found.get(volume.claim) ?? {};
    if (typeof claim !== 'object' || typeof present !== 'object' || volume.readOnly) continue;
    const growth = growthOf(claim, present);
    if (growth) await expandOne(deps, pod, volume, { claim, growth });
  }
}

interface Step {
  readonly claim: PersistentVolumeClaim;
  readonly growth: Growth;
}

async function expandOne(deps: ExpansionDeps, pod: Pod, volume: ClaimedVolume, { claim, growth }: Step): Promise<void> {
  const { api, drivers, paths } = deps;
  const target = volumePath(paths, podUid(pod), volume);
  if (volume.source.type !== 'csi' || target === undefined) return;
  try {
    await drivers.expand(volume.source.csi, target, growth.bytes);
    const pending = new Set(['FileSystemResizePending', 'Resizing']);
    const status = {
      capacity: { storage: growth.storage },
      conditions: (claim.status?.conditions ?? []).filter(({ type }) => !pending.has(type)),
      allocatedResourceStatuses: { storage: null },
    };
    const key = { namespace: podNamespace(pod), name: volume.claim };
    await api.patch(PersistentVolumeClaim, key, 'application/merge-patch+json', { status }, { subresource: 'status' });
    deps.event(pod, 'Normal', 'FileSystemResizeSuccessful', `MountVolume.NodeExpandVolume succeeded for volume "${volume.name}" `);
  } catch (error) {
    const message = `NodeExpandVolume.NodeExpandVolume failed for volume "${volume.name}" : ${errorMessage(error)}`;
    deps.event(pod, 'Warning', 'FileSystemResizeFailed', message);
  }
}
