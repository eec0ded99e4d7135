import type { DiskUse } from '../cri/types.ts';
import { type Footprint, localVolumes, sum, type VolumeFootprint } from '../footprint/types.ts';
import { podName, podNamespace, podUid, rfc3339 } from '../pod/naming.ts';
import {
  type CgroupUsage,
  type ContainerUsage,
  type FilesystemUsage,
  type InterfaceUsage,
  type NodeUsage,
  type PodUsage,
  podCpu,
  podMemory,
  type UsageInput,
} from './usage-types.ts';

/** `/stats/summary`, in the shape of Kubernetes' `stats/v1alpha1` Summary. `onlyCpuAndMemory`: for those who scale by them. */
export function statsSummary(input: UsageInput, onlyCpuAndMemory = false): object {
  const { nodeName, systemContainers, startTime, cpu, memory, ...more } = nodeStats(input);
  const node = { nodeName, systemContainers, startTime, cpu, memory };
  return { node: onlyCpuAndMemory ? node : { ...node, ...more }, pods: input.pods.map((pod) => podStats(pod, input)) };
}

function nodeStats({ nodeName, node, rates, now }: UsageInput) {
  const time = rfc3339(now);
  const { filesystem, imageFilesystem, containerFilesystem, maxPID, processes, startTime } = node;
  const runtime = {
    ...(imageFilesystem ? { imageFs: { time, ...shown(imageFilesystem) } } : {}),
    ...(containerFilesystem ? { containerFs: { time, ...shown(containerFilesystem) } } : {}),
  };
  return {
    nodeName,
    systemContainers: node.pods ? [podsContainer(node.pods, node, rates.get('pods') ?? 0, time)] : [],
    startTime: rfc3339(startTime),
    cpu: cpu(time, node.cpuNanoSecondsTotal, rates.get('') ?? 0, node),
    memory: { ...memory(time, node), availableBytes: Math.max(0, node.memoryTotalBytes - node.memoryWorkingSetBytes) },
    ...io(time, node),
    ...network(time, node.interfaces),
    ...(filesystem ? { fs: { time, ...shown(filesystem) } } : {}),
    ...(imageFilesystem ? { runtime } : {}),
    rlimit: { time, maxpid: maxPID, curproc: processes },
  };
}

/** All pods together, as one of the node's system containers. */
function podsContainer(pods: CgroupUsage, { memoryForPodsBytes, startTime }: NodeUsage, cores: number, time: string): object {
  const availableBytes = Math.max(0, memoryForPodsBytes - pods.memoryWorkingSetBytes);
  return {
    name: 'pods',
    startTime: rfc3339(startTime),
    cpu: cpu(time, pods.cpuNanoSecondsTotal, cores, pods),
    memory: { ...memory(time, pods), availableBytes },
    ...io(time, pods),
  };
}

function podStats(usage: PodUsage, { node, rates, now }: UsageInput): object {
  const { pod, containers, cgroup, footprint, interfaces } = usage;
  const time = rfc3339(now);
  const left = cgroup?.memoryLimitBytes === undefined ? undefined : Math.max(0, cgroup.memoryLimitBytes - cgroup.memoryWorkingSetBytes);
  return {
    podRef: { name: podName(pod), namespace: podNamespace(pod), uid: podUid(pod) },
    startTime: pod.status?.startTime ?? pod.metadata?.creationTimestamp,
    containers: containers.map((each) => ({
      ...containerStats(each, rates.get(each.id) ?? 0),
      ...(footprint ? containerDisk(each, footprint, node) : {}),
    })),
    cpu: cpu(time, podCpu(usage), rates.get(`pod/${podUid(pod)}`) ?? 0, cgroup),
    memory: cgroup ? { ...memory(time, cgroup), availableBytes: left } : { time, workingSetBytes: podMemory(usage) },
    ...io(time, cgroup),
    ...network(time, interfaces ?? []),
    ...(cgroup ? { process_stats: { process_count: cgroup.processes } } : {}),
    ...(footprint ? podDisk(usage, footprint, node, time) : {}),
  };
}

function containerStats({ name, startedAt, at, cpuNanoSecondsTotal, ...usage }: ContainerUsage, cores: number): object {
  const time = rfc3339(at);
  const { availableBytes, ...more } = usage.memory ?? { availableBytes: 0 };
  return {
    name,
    startTime: rfc3339(startedAt),
    cpu: cpu(time, cpuNanoSecondsTotal, cores),
    memory: { time, ...(availableBytes > 0 ? { availableBytes } : {}), workingSetBytes: usage.memoryWorkingSetBytes, ...more },
  };
}

function containerDisk({ name, at, rootfs }: ContainerUsage, { logs }: Footprint, node: NodeUsage): object {
  const time = rfc3339(at);
  const log = logs.get(name);
  return {
    ...(rootfs ? { rootfs: { time, ...taken(rootfs, node.containerFilesystem) } } : {}),
    ...(log ? { logs: { time, ...taken(log, node.filesystem) } } : {}),
  };
}

function podDisk({ pod, containers }: PodUsage, footprint: Footprint, node: NodeUsage, time: string): object {
  const written = containers.flatMap(({ name, rootfs }) => [rootfs, footprint.logs.get(name)]);
  const ephemeral = sum([...written, localVolumes(footprint), footprint.rest]);
  return {
    ...(footprint.volumes.length > 0 ? { volume: footprint.volumes.map((each) => volumeStats(each, podNamespace(pod))) } : {}),
    'ephemeral-storage': { time, ...taken(ephemeral, node.filesystem) },
  };
}

function volumeStats(volume: VolumeFootprint, namespace: string): object {
  const { name, claim, at } = volume;
  return { time: rfc3339(at), ...shown(volume), name, ...(claim ? { pvcRef: { name: claim, namespace } } : {}) };
}

/** What one of many takes of a file system, and how much of that is left for all. */
function taken({ bytes, inodes }: DiskUse, filesystem: FilesystemUsage | undefined): object {
  return shown({ ...filesystem, usedBytes: bytes, inodesUsed: inodes });
}

type Pressed = Pick<CgroupUsage, 'pressure'>;

function cpu(time: string, total: bigint, cores: number, { pressure }: Pressed = {}): object {
  return { time, usageNanoCores: Math.round(cores * 1e9), usageCoreNanoSeconds: Number(total), psi: pressure?.cpu };
}

/** Nothing but what was waited for. */
function io(time: string, { pressure }: Pressed = {}): object {
  return pressure ? { io: { time, psi: pressure.io } } : {};
}

function memory(time: string, usage: CgroupUsage): object {
  return {
    time,
    usageBytes: usage.memoryUsageBytes,
    workingSetBytes: usage.memoryWorkingSetBytes,
    rssBytes: usage.memoryRssBytes,
    pageFaults: usage.pageFaults,
    majorPageFaults: usage.majorPageFaults,
    psi: usage.pressure?.memory,
  };
}

/** The first interface stands for the node or pod, as the one that has the default route does upstream. */
function network(time: string, interfaces: readonly InterfaceUsage[]): object {
  const [first] = interfaces;
  return first ? { network: { time, ...first, interfaces } } : {};
}

function shown({ availableBytes, capacityBytes, usedBytes, inodesFree, inodes, inodesUsed }: Partial<FilesystemUsage>): object {
  return { availableBytes, capacityBytes, usedBytes, inodesFree, inodes, inodesUsed };
}
