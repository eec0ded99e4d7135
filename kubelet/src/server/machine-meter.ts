import { readdir, readFile, statfs } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { podCgroup, tierCgroup } from '../config/resources.ts';
import type { ImageFilesystem } from '../cri/types.ts';
import { readMemory } from '../node/machine.ts';
import { type CgroupReader, cgroupReader, devicesOf } from './cgroup-usage.ts';
import type { CgroupUsage, FilesystemUsage, InterfaceUsage, Meter, NodeUsage } from './usage-types.ts';

export interface MachinePlaces {
  /** Whose file system is the node's. */
  readonly root: string;
  readonly cgroupRoot: string;
  /** Bytes of the machine's memory that pods do not get. */
  readonly reservedBytes: number;
  /** What images take, and where the runtime keeps them. */
  images(): Promise<ImageFilesystem>;
}

/** Clock ticks a second in /proc/stat: fixed in Linux' user interface. */
const ticksPerSecond = 100n;

/** Measures this machine, by /proc and its cgroups. */
export function machineMeter(places: MachinePlaces): Meter & { pods(): Promise<CgroupUsage | undefined> } {
  const read = cgroupReader();
  return {
    node: () => nodeUsage(places, read),
    pod: (pod) => read(podCgroup(pod, places.cgroupRoot)),
    interfaces: async (pod) => (pod.spec?.hostNetwork ? [] : interfacesIn((await devicesOf(podCgroup(pod, places.cgroupRoot))) ?? '')),
    pods: () => ofPods(places.cgroupRoot, read),
  };
}

/** Guaranteed pods stand beside the other tiers: their tier is that of all. */
function ofPods(cgroupRoot: string, read: CgroupReader): Promise<CgroupUsage | undefined> {
  return read(tierCgroup('Guaranteed', cgroupRoot));
}

async function nodeUsage({ root, cgroupRoot, reservedBytes, images }: MachinePlaces, read: CgroupReader): Promise<NodeUsage> {
  const [stat, memory, all, pods, network, pids, maxPID, filesystem, runtime] = await Promise.all([
    readFile('/proc/stat', 'utf8'),
    readMemory(),
    read('/'),
    ofPods(cgroupRoot, read),
    readFile('/proc/net/dev', 'utf8').catch(() => ''),
    readdir('/proc').catch(() => []),
    readFile('/proc/sys/kernel/pid_max', 'utf8').then(Number, () => 0),
    filesystemAt(root),
    images().then(runtimeFilesystems, () => undefined),
  ]);
  const workingSet = memory.total - memory.available;
  return {
    cpuNanoSecondsTotal: cpuOf(stat),
    memoryUsageBytes: Math.max(all?.memoryUsageBytes ?? 0, workingSet),
    memoryWorkingSetBytes: workingSet,
    memoryRssBytes: all?.memoryRssBytes ?? 0,
    pageFaults: all?.pageFaults ?? 0,
    majorPageFaults: all?.majorPageFaults ?? 0,
    pressure: all?.pressure,
    startTime: Number(/^btime (\d+)$/m.exec(stat)?.[1] ?? 0) * 1000,
    memoryTotalBytes: memory.total,
    memoryForPodsBytes: memory.total - reservedBytes,
    cores: availableParallelism(),
    maxPID,
    processes: pids.filter((name) => /^\d+$/.test(name)).length,
    filesystem,
    imageFilesystem: runtime?.images,
    containerFilesystem: runtime?.containers,
    pods,
    interfaces: interfacesIn(network),
  };
}

/** Core nanoseconds by the first line of /proc/stat, idling and waiting left out. */
export function cpuOf(stat: string): bigint {
  const [user = 0n, nice = 0n, system = 0n, , , irq = 0n, softirq = 0n] = (/^cpu +(.*)$/m.exec(stat)?.[1] ?? '')
    .split(' ')
    .filter(Boolean)
    .map(BigInt);
  return ((user + nice + system + irq + softirq) * 1_000_000_000n) / ticksPerSecond;
}

/** The devices of /proc/net/dev that lead out of the machine. */
export function interfacesIn(text: string): InterfaceUsage[] {
  return text.split('\n').flatMap((line) => {
    const [, name = '', rest = ''] = /^\s*([^:\s]+):\s*(.*)$/.exec(line) ?? [];
    if (!name || /^(lo|veth|cni|docker|flannel|ifb)/.test(name)) return [];
    const [rxBytes = 0, , rxErrors = 0, , , , , , txBytes = 0, , txErrors = 0] = rest.trim().split(/\s+/).map(Number);
    return [{ name, rxBytes, rxErrors, txBytes, txErrors }];
  });
}

/** Images and containers are told apart only by runtimes that keep them apart: else both are what images take, as upstream. */
async function runtimeFilesystems({ mountpoint, usedBytes, inodesUsed, containers }: ImageFilesystem) {
  const [images, own] = await Promise.all([filesystemAt(mountpoint), containers && filesystemAt(containers.mountpoint)]);
  const { usedBytes: written, inodesUsed: writtenInodes } = containers ?? { usedBytes, inodesUsed };
  const holder = own ?? images;
  return {
    images: images && { ...images, usedBytes, inodesUsed },
    containers: holder && { ...holder, usedBytes: written, inodesUsed: writtenInodes },
  };
}

async function filesystemAt(path: string): Promise<FilesystemUsage | undefined> {
  const found = await statfs(path).catch(() => undefined);
  if (!found) return undefined;
  const { bsize, blocks, bfree, bavail, files, ffree } = found;
  return {
    availableBytes: bavail * bsize,
    capacityBytes: blocks * bsize,
    usedBytes: (blocks - bfree) * bsize,
    inodesFree: ffree,
    inodes: files,
    inodesUsed: files - ffree,
  };
}

/** A model node runs on nothing. */
export function modelMeter(startTime: number): Meter {
  const none = {
    cpuNanoSecondsTotal: 0n,
    memoryUsageBytes: 0,
    memoryWorkingSetBytes: 0,
    memoryRssBytes: 0,
    pageFaults: 0,
    majorPageFaults: 0,
    processes: 0,
  };
  const unknown = { filesystem: undefined, imageFilesystem: undefined, containerFilesystem: undefined, pods: undefined };
  const machine = { memoryTotalBytes: 0, memoryForPodsBytes: 0, cores: 0, maxPID: 0, ...unknown };
  return {
    node: async () => ({ ...none, ...machine, startTime, interfaces: [] }),
    pod: async () => undefined,
    interfaces: async () => [],
  };
}
