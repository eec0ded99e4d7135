import { podRequests, quantityValue } from '@keelson/machinery';
import type { Pod } from '@keelson/types';
import type { DiskUse } from '../cri/types.ts';
import { type Footprint, localVolumes, sum } from '../footprint/types.ts';
import type { DiskLayout, StarvedResource } from './signals.ts';

/** A running container of a pod that may have to go. */
export interface CandidateContainer {
  readonly name: string;
  readonly memoryBytes: number;
  readonly rootfs: DiskUse | undefined;
}

/** A pod that may have to go, and what it uses. */
export interface Candidate {
  readonly pod: Pod;
  readonly containers: readonly CandidateContainer[];
  readonly footprint: Footprint;
  readonly processes: number;
}

export function memoryOf({ containers }: Candidate): number {
  return containers.reduce((total, { memoryBytes }) => total + memoryBytes, 0);
}

/** What a container has written: its root file system's changes and its log. */
export function writtenBy(candidate: Candidate, container: CandidateContainer): DiskUse {
  return sum([container.rootfs, candidate.footprint.logs.get(container.name)]);
}

/** All that counts as a pod's ephemeral storage. */
export function ephemeralStorage(candidate: Candidate): DiskUse {
  const { containers, footprint } = candidate;
  return sum([...containers.map((each) => writtenBy(candidate, each)), localVolumes(footprint), footprint.rest]);
}

type Part = 'rootfs' | 'logs' | 'volumes';

/** Which parts of a pod lie on a disk. */
function partsOn(disk: string, layout: DiskLayout): readonly Part[] {
  if (layout === 'shared') return ['rootfs', 'logs', 'volumes'];
  if (layout === 'images') return disk === 'nodefs' ? ['logs', 'volumes'] : ['rootfs'];
  return disk === 'imagefs' ? [] : ['rootfs', 'logs', 'volumes'];
}

function diskUse({ containers, footprint }: Candidate, parts: readonly Part[]): DiskUse {
  return sum([
    ...(parts.includes('rootfs') ? containers.map(({ rootfs }) => rootfs) : []),
    ...(parts.includes('logs') ? containers.map(({ name }) => footprint.logs.get(name)) : []),
    ...(parts.includes('volumes') ? [localVolumes(footprint)] : []),
  ]);
}

const requestOf = ({ pod }: Candidate, resource: string): number => {
  const amount = podRequests(pod)[resource];
  return amount ? quantityValue(amount) : 0;
};

const priorityOf = ({ pod }: Candidate): number => Number(pod.spec?.priority ?? 0);

/** Who goes first: pods that use more than they asked for, then the lowest priority, then the furthest above the request. Pure. */
export function ranked(
  candidates: readonly Candidate[],
  signal: string,
  resource: StarvedResource,
  layout: DiskLayout,
): readonly Candidate[] {
  const parts = partsOn(signal.split('.')[0] ?? '', layout);
  const usage = (candidate: Candidate): number => {
    if (resource === 'memory') return memoryOf(candidate);
    if (resource === 'pids') return candidate.processes;
    return diskUse(candidate, parts)[resource === 'inodes' ? 'inodes' : 'bytes'];
  };
  const rows = candidates.map((candidate) => {
    const used = usage(candidate);
    // Nobody asks for process ids: having some is not having too many.
    if (resource === 'pids') return { candidate, exceeds: false, priority: priorityOf(candidate), beyond: used };
    // Upstream takes what was asked of a disk from the number of files, too: who asked for some goes after who asked for none.
    const asked = requestOf(candidate, resource === 'inodes' ? 'ephemeral-storage' : resource);
    return { candidate, exceeds: used > requestOf(candidate, resource), priority: priorityOf(candidate), beyond: used - asked };
  });
  return rows
    .sort((a, b) => Number(b.exceeds) - Number(a.exceeds) || a.priority - b.priority || b.beyond - a.beyond)
    .map(({ candidate }) => candidate);
}
