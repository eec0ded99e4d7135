import { readdir, readFile, statfs } from 'node:fs/promises';
import type { NodeResources } from '../eviction/decide.ts';
import type { NodeUsage } from '../server/summary.ts';
import { readMemory } from './machine.ts';

/** What this machine has left: memory, the file systems of `root` and of images, process ids. */
export async function measureNode(root: string, imageMountpoint: () => Promise<string>): Promise<NodeResources> {
  const [memory, disk, images, pidsTotal, pids] = await Promise.all([
    readMemory(),
    statfs(root),
    imageMountpoint().then((path) => statfs(path)),
    readFile('/proc/sys/kernel/pid_max', 'utf8').then(Number),
    readdir('/proc').then((names) => names.filter((name) => /^\d+$/.test(name)).length),
  ]);
  return {
    memoryAvailable: memory.available,
    memoryTotal: memory.total,
    diskAvailable: disk.bavail * disk.bsize,
    diskTotal: disk.blocks * disk.bsize,
    imageAvailable: images.bavail * images.bsize,
    imageTotal: images.blocks * images.bsize,
    pidsAvailable: pidsTotal - pids,
    pidsTotal,
  };
}

/** Clock ticks a second in /proc/stat: fixed in Linux' user interface. */
const ticksPerSecond = 100n;

export async function nodeUsage(): Promise<NodeUsage> {
  const [stat, memory] = await Promise.all([readFile('/proc/stat', 'utf8'), readMemory()]);
  const [user = 0n, nice = 0n, system = 0n, , , irq = 0n, softirq = 0n] = (/^cpu +(.*)$/m.exec(stat)?.[1] ?? '')
    .split(' ')
    .filter(Boolean)
    .map(BigInt);
  const ticks = user + nice + system + irq + softirq;
  const startTime = Number(/^btime (\d+)$/m.exec(stat)?.[1] ?? 0) * 1000;
  return {
    cpuNanoSecondsTotal: (ticks * 1_000_000_000n) / ticksPerSecond,
    memoryWorkingSetBytes: memory.total - memory.available,
    startTime,
  };
}
