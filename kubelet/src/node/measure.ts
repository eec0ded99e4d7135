import { readdir, readFile, stat, statfs } from 'node:fs/promises';
import type { ImageFilesystem } from '../cri/types.ts';
import type { DiskLayout, FilesystemLeft, NodeResources } from '../eviction/signals.ts';
import { readMemory } from './machine.ts';

/** What this machine has left: memory, the file systems of `root`, of images and of containers, process ids. */
export async function measureNode(root: string, images: () => Promise<ImageFilesystem>): Promise<NodeResources> {
  const [memory, nodefs, { mountpoint, containers }, pidsTotal, pids] = await Promise.all([
    readMemory(),
    leftAt(root),
    images(),
    readFile('/proc/sys/kernel/pid_max', 'utf8').then(Number),
    readdir('/proc').then((names) => names.filter((name) => /^\d+$/.test(name)).length),
  ]);
  const layout = await layoutOf(root, mountpoint, containers?.mountpoint);
  const imagefs = layout === 'shared' ? nodefs : await leftAt(mountpoint);
  return {
    memoryAvailable: memory.available,
    memoryTotal: memory.total,
    pidsAvailable: pidsTotal - pids,
    pidsTotal,
    layout,
    nodefs,
    imagefs,
    containerfs: layout === 'images' ? imagefs : nodefs,
  };
}

async function layoutOf(root: string, images: string, containers: string | undefined): Promise<DiskLayout> {
  const [node, image, container] = await Promise.all([root, images, containers || images].map(async (path) => (await stat(path)).dev));
  if (image === node) return 'shared';
  return container === image ? 'images' : 'split';
}

async function leftAt(path: string): Promise<FilesystemLeft> {
  const { bsize, blocks, bavail, files, ffree } = await statfs(path);
  return { available: bavail * bsize, total: blocks * bsize, inodesFree: ffree, inodes: files };
}
