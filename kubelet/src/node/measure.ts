import { readdir, readFile, stat, statfs } from 'node:fs/promises';
import type { ImageFilesystem } from '../cri/types.ts';
import type { DiskLayout, FilesystemLeft, NodeResources, Observation } from '../eviction/signals.ts';
import type { CgroupUsage } from '../server/usage-types.ts';
import { readMemory } from './machine.ts';

/** What is measured, and by whom. */
export interface NodePlaces {
  /** Whose file system is the node's. */
  readonly root: string;
  images(): Promise<ImageFilesystem>;
  /** What all pods use together; undefined: it is not known. */
  pods(): Promise<CgroupUsage | undefined>;
  /** Bytes of the node's memory that pods do not get. */
  readonly reservedBytes: number;
}

/** What this machine has left: memory, the file systems of `root`, of images and of containers, process ids. */
export async function measureNode({ root, images, pods, reservedBytes }: NodePlaces): Promise<NodeResources> {
  const [memory, usage, nodefs, { mountpoint, containers }, pidsTotal, pids] = await Promise.all([
    readMemory(),
    pods(),
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
    allocatableMemory: usage && leftOf(memory.total - reservedBytes, usage),
    pidsAvailable: pidsTotal - pids,
    pidsTotal,
    layout,
    nodefs,
    imagefs,
    containerfs: layout === 'images' ? imagefs : nodefs,
  };
}

function leftOf(total: number, { memoryWorkingSetBytes }: CgroupUsage): Observation {
  return { available: Math.max(total - memoryWorkingSetBytes, 0), total };
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
