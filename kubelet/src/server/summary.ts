import { podName, podNamespace, podUid, rfc3339 } from '../pod/naming.ts';
import {
  type CgroupUsage,
  type ContainerUsage,
  type FilesystemUsage,
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
  const { filesystem, imageFilesystem, maxPID, processes, startTime } = node;
  return {
    nodeName,
    systemContainers: [],
    startTime: rfc3339(startTime),
    cpu: cpu(time, node.cpuNanoSecondsTotal, rates.get('') ?? 0),
    memory: { ...memory(time, node), availableBytes: Math.max(0, node.memoryTotalBytes - node.memoryWorkingSetBytes) },
    ...network(time, node),
    ...(filesystem ? { fs: { time, ...shown(filesystem) } } : {}),
    ...(imageFilesystem ? { runtime: { imageFs: { time, ...shown(imageFilesystem) } } } : {}),
    rlimit: { time, maxpid: maxPID, curproc: processes },
  };
}

function podStats(usage: PodUsage, { rates, now }: UsageInput): object {
  const { pod, containers, cgroup } = usage;
  const time = rfc3339(now);
  return {
    podRef: { name: podName(pod), namespace: podNamespace(pod), uid: podUid(pod) },
    startTime: pod.status?.startTime ?? pod.metadata?.creationTimestamp,
    containers: containers.map((each) => containerStats(each, rates.get(each.id) ?? 0)),
    cpu: cpu(time, podCpu(usage), rates.get(`pod/${podUid(pod)}`) ?? 0),
    memory: cgroup ? memory(time, cgroup) : { time, workingSetBytes: podMemory(usage) },
  };
}

function containerStats({ name, startedAt, at, cpuNanoSecondsTotal, memoryWorkingSetBytes }: ContainerUsage, cores: number): object {
  const time = rfc3339(at);
  return {
    name,
    startTime: rfc3339(startedAt),
    cpu: cpu(time, cpuNanoSecondsTotal, cores),
    memory: { time, workingSetBytes: memoryWorkingSetBytes },
  };
}

function cpu(time: string, total: bigint, cores: number): object {
  return { time, usageNanoCores: Math.round(cores * 1e9), usageCoreNanoSeconds: Number(total) };
}

function memory(time: string, usage: CgroupUsage): object {
  return {
    time,
    usageBytes: usage.memoryUsageBytes,
    workingSetBytes: usage.memoryWorkingSetBytes,
    rssBytes: usage.memoryRssBytes,
    pageFaults: usage.pageFaults,
    majorPageFaults: usage.majorPageFaults,
  };
}

/** The first interface stands for the node, as the one that has the default route does upstream. */
function network(time: string, { interfaces }: NodeUsage): object {
  const [first] = interfaces;
  return first ? { network: { time, ...first, interfaces } } : {};
}

function shown({ availableBytes, capacityBytes, usedBytes, inodesFree, inodes, inodesUsed }: FilesystemUsage): object {
  return { availableBytes, capacityBytes, usedBytes, inodesFree, inodes, inodesUsed };
}
