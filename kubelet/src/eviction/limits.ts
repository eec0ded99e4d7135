import { canonicalQuantity, formatQuantity, parseQuantity, podLimits, quantityValue } from '@keelson/machinery';
import type { Pod } from '@keelson/types';
import { type Candidate, ephemeralStorage, writtenBy } from './candidate.ts';

/** A limit of the pod's own that it has exceeded; `signal` as the metric of evictions has it. */
export interface Breach {
  readonly signal: 'emptydirfs.limit' | 'ephemeralpodfs.limit' | 'ephemeralcontainerfs.limit';
  readonly message: string;
}

/** Whether the pod can exceed a limit on local storage at all, so that it has to be measured. */
export function limitsStorage(pod: Pod): boolean {
  return (
    (pod.spec?.volumes ?? []).some(({ emptyDir }) => emptyDir?.sizeLimit !== undefined) || podLimits(pod)['ephemeral-storage'] !== undefined
  );
}

/**
 * The first limit that the pod exceeds: of an emptyDir, of all containers together, of a container. `apart`: what containers write to
 * their root file system is on a disk of its own, and not counted as theirs. Pure.
 */
export function breach(candidate: Candidate, apart: boolean): Breach | undefined {
  return emptyDirBreach(candidate) ?? podBreach(candidate) ?? containerBreach(candidate, apart);
}

function emptyDirBreach({ pod, footprint }: Candidate): Breach | undefined {
  for (const { name, emptyDir } of pod.spec?.volumes ?? []) {
    const limit = emptyDir?.sizeLimit;
    const used = footprint.volumes.find((volume) => volume.name === name)?.usedBytes;
    if (limit === undefined || used === undefined) continue;
    const most = quantityValue(parseQuantity(limit));
    if (most > 0 && used > most) {
      const message = `Usage of EmptyDir volume "${name}" exceeds the limit "${canonicalQuantity(limit)}". `;
      return { signal: 'emptydirfs.limit', message };
    }
  }
  return undefined;
}

function podBreach(candidate: Candidate): Breach | undefined {
  const limit = podLimits(candidate.pod)['ephemeral-storage'];
  if (!limit || ephemeralStorage(candidate).bytes <= quantityValue(limit)) return undefined;
  const message = `Pod ephemeral local storage usage exceeds the total limit of containers ${formatQuantity(limit)}. `;
  return { signal: 'ephemeralpodfs.limit', message };
}

function containerBreach(candidate: Candidate, apart: boolean): Breach | undefined {
  for (const container of candidate.containers) {
    const declared = candidate.pod.spec?.containers?.find(({ name }) => name === container.name);
    const limit = declared?.resources?.limits?.['ephemeral-storage'];
    const most = limit === undefined ? 0 : quantityValue(parseQuantity(limit));
    const { bytes } = writtenBy(candidate, apart ? { ...container, rootfs: undefined } : container);
    if (limit === undefined || most === 0 || bytes <= most) continue;
    const message = `Container ${container.name} exceeded its local ephemeral storage limit "${canonicalQuantity(limit)}". `;
    return { signal: 'ephemeralcontainerfs.limit', message };
  }
  return undefined;
}
