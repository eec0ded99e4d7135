import { storageClassOf } from '@keelson/machinery';
import type { PersistentVolumeClaim, Pod } from '@keelson/types';
import type { AttachmentView, VolumeView } from './types.ts';
import { claimsOf } from './uses.ts';

/** Volumes by `driver volume`, with their driver. */
type Attachables = ReadonlyMap<string, string>;

/** Whether a node can have the volumes of one more pod, beside those of the pods it has. */
export function exceedsLimits(
  pod: Pod,
  others: () => Iterable<Pod>,
  node: string,
  view: Pick<VolumeView, 'claim' | 'volume' | 'storageClass'> & AttachmentView,
): boolean {
  const limits = new Map(
    (view.csiNode(node)?.spec.drivers ?? []).flatMap(({ name, allocatable }) =>
      allocatable?.count === undefined ? [] : [[name, allocatable.count] as const],
    ),
  );
  if (limits.size === 0) return false;
  const wanted = attachablesOf([pod], view);
  if (wanted.size === 0) return false;
  const there = new Map([...attachablesOf(others(), view), ...attached(node, view)]);
  const total = new Map<string, number>();
  for (const driver of [...there.values(), ...[...wanted].filter(([key]) => !there.has(key)).map(([, driver]) => driver)])
    total.set(driver, (total.get(driver) ?? 0) + 1);
  return [...wanted].some(
    ([key, driver]) => !there.has(key) && (total.get(driver) ?? 0) > (limits.get(driver) ?? Number.POSITIVE_INFINITY),
  );
}

function attached(node: string, view: Pick<VolumeView, 'volume'> & AttachmentView): [string, string][] {
  return view.attachments(node).flatMap(({ spec }): [string, string][] => {
    const csi = spec.source.persistentVolumeName === undefined ? undefined : view.volume(spec.source.persistentVolumeName)?.spec?.csi;
    return csi ? [[`${spec.attacher} ${csi.volumeHandle}`, spec.attacher]] : [];
  });
}

function attachablesOf(pods: Iterable<Pod>, view: Pick<VolumeView, 'claim' | 'volume' | 'storageClass'>): Attachables {
  const found = new Map<string, string>();
  for (const pod of pods) {
    for (const { key } of claimsOf(pod)) {
      const claim = view.claim(key);
      const csi = claim && attachableOf(claim, key, view);
      if (csi) found.set(`${csi.driver} ${csi.handle}`, csi.driver);
    }
  }
  return found;
}

/** A claim without a volume counts for the driver that is to make it one. */
function attachableOf(
  claim: PersistentVolumeClaim,
  key: string,
  view: Pick<VolumeView, 'volume' | 'storageClass'>,
): { readonly driver: string; readonly handle: string } | undefined {
  const volume = claim.spec.volumeName ? view.volume(claim.spec.volumeName) : undefined;
  if (volume) return volume.spec?.csi && { driver: volume.spec.csi.driver, handle: volume.spec.csi.volumeHandle };
  const driver = view.storageClass(storageClassOf(claim))?.provisioner;
  return driver === undefined ? undefined : { driver, handle: `unbound ${key}` };
}
