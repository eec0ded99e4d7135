import { readdir, readFile, statfs } from 'node:fs/promises';
import type { NodeResources } from '../eviction/decide.ts';
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
