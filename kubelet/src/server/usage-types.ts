import type { Pod } from '@keelson/types';
import type { ContainerStats } from '../cri/types.ts';
import type { Footprint } from '../footprint/types.ts';

/** For how long somebody had to wait: microseconds in all, and per cent of the last 10, 60 and 300 seconds. */
export interface Waiting {
  readonly total: number;
  readonly avg10: number;
  readonly avg60: number;
  readonly avg300: number;
}

/** The kernel's pressure stall information: `full` while all had to wait, `some` while at least one had to. */
export interface Pressure {
  readonly full: Waiting;
  readonly some: Waiting;
}

/** What a cgroup has used. Bytes; nanoseconds of cores. */
export interface CgroupUsage {
  readonly cpuNanoSecondsTotal: bigint;
  readonly memoryUsageBytes: number;
  readonly memoryWorkingSetBytes: number;
  readonly memoryRssBytes: number;
  readonly pageFaults: number;
  readonly majorPageFaults: number;
  /** Absent: it may use all there is. */
  readonly memoryLimitBytes?: number | undefined;
  /** Processes and threads in it. */
  readonly processes: number;
  /** What it waited for; absent where the kernel does not tell, as with cgroups of version 1. */
  readonly pressure?: Readonly<Record<'cpu' | 'memory' | 'io', Pressure>> | undefined;
}

export interface FilesystemUsage {
  readonly availableBytes: number;
  readonly capacityBytes: number;
  readonly usedBytes: number;
  readonly inodesFree: number;
  readonly inodes: number;
  readonly inodesUsed: number;
}

export interface InterfaceUsage {
  readonly name: string;
  readonly rxBytes: number;
  readonly rxErrors: number;
  readonly txBytes: number;
  readonly txErrors: number;
}

/** What the node itself uses. Times in milliseconds. */
export interface NodeUsage extends CgroupUsage {
  readonly startTime: number;
  readonly memoryTotalBytes: number;
  /** What of it pods may use together. */
  readonly memoryForPodsBytes: number;
  readonly cores: number;
  readonly maxPID: number;
  readonly filesystem: FilesystemUsage | undefined;
  /** Used: by images alone. */
  readonly imageFilesystem: FilesystemUsage | undefined;
  /** Of containers' writable layers. */
  readonly containerFilesystem: FilesystemUsage | undefined;
  /** Of all pods together. */
  readonly pods: CgroupUsage | undefined;
  readonly interfaces: readonly InterfaceUsage[];
}

/** Where numbers come from that the container runtime does not give. */
export interface Meter {
  node(): Promise<NodeUsage>;
  /** Of a pod's own cgroup; undefined where it has none. */
  pod(pod: Pod): Promise<CgroupUsage | undefined>;
  /** Of a pod's own network; none of one that has the node's. */
  interfaces(pod: Pod): Promise<readonly InterfaceUsage[]>;
}

export interface ContainerUsage extends ContainerStats {
  readonly startedAt: number;
  readonly image: string;
}

export interface PodUsage {
  readonly pod: Pod;
  readonly containers: readonly ContainerUsage[];
  readonly cgroup: CgroupUsage | undefined;
  /** Absent where nobody asked. */
  readonly footprint?: Footprint | undefined;
  /** Absent where nobody asked. */
  readonly interfaces?: readonly InterfaceUsage[] | undefined;
}

export interface UsageInput {
  readonly nodeName: string;
  readonly node: NodeUsage;
  readonly pods: readonly PodUsage[];
  /** Cores over the last moments: by container id, by `pod/<uid>`, the node's as `''` and that of all pods as `pods`. */
  readonly rates: ReadonlyMap<string, number>;
  readonly now: number;
}

/** CPU time of a pod: its cgroup's, which counts the sandbox too, or that of its containers. */
export function podCpu({ cgroup, containers }: PodUsage): bigint {
  return cgroup?.cpuNanoSecondsTotal ?? containers.reduce((sum, each) => sum + each.cpuNanoSecondsTotal, 0n);
}

/** Working set of a pod, in bytes. */
export function podMemory({ cgroup, containers }: PodUsage): number {
  return cgroup?.memoryWorkingSetBytes ?? containers.reduce((sum, each) => sum + each.memoryWorkingSetBytes, 0);
}
