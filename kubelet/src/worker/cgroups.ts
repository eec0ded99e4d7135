import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { CgroupLimits } from '../config/resources.ts';

const mountpoint = '/sys/fs/cgroup';

/** The node's cgroups, by their path below the hierarchies' roots. */
export interface Cgroups {
  /** Makes a cgroup where it is missing and gives it these limits. @throws the operating system's error, as when they do not fit its parent. */
  set(path: string, limits: CgroupLimits): Promise<void>;
  /** Bytes of memory in use in it and below; undefined: not known. */
  memoryUsage(path: string): Promise<number | undefined>;
  /** Processes and threads in it and below; undefined: not known. */
  processes(path: string): Promise<number | undefined>;
}

/** A node without cgroups: whatever it is asked for is so. */
export const noCgroups: Cgroups = {
  set: async () => undefined,
  memoryUsage: async () => undefined,
  processes: async () => undefined,
};

/** The machine's cgroups: version 2 where its controllers are there, else those of version 1. */
export const machineCgroups: Cgroups = {
  async set(path, limits) {
    const unified = existsSync(join(mountpoint, 'cgroup.controllers'));
    if (unified) await delegate(path);
    for (const [controller, file, value] of unified ? filesOfV2(limits) : filesOfV1(limits)) {
      const directory = join(mountpoint, unified ? '' : controller, path);
      await mkdir(directory, { recursive: true });
      await writeFile(join(directory, file), value);
    }
  },

  memoryUsage: (path) => numberIn(join(path, 'memory.current'), join('memory', path, 'memory.usage_in_bytes')),
  processes: (path) => numberIn(join(path, 'pids.current'), join('pids', path, 'pids.current')),
};

/** The number in the first of the files that there is. */
async function numberIn(...files: readonly string[]): Promise<number | undefined> {
  const texts = await Promise.all(files.map((file) => readFile(join(mountpoint, file), 'utf8').catch(() => undefined)));
  const found = texts.find((text) => text !== undefined);
  return found === undefined ? undefined : Number(found);
}

type CgroupFile = readonly [controller: 'cpu' | 'memory', file: string, value: string];

export function filesOfV1({ cpuShares, cpuQuota, memoryLimit }: CgroupLimits): readonly CgroupFile[] {
  return [
    ['cpu', 'cpu.shares', String(cpuShares)],
    ['cpu', 'cpu.cfs_quota_us', String(cpuQuota)],
    ['memory', 'memory.limit_in_bytes', String(memoryLimit)],
  ];
}

/** Weights are shares carried over from 2..262144 to 1..10000, as runtimes do. */
export function filesOfV2({ cpuShares, cpuQuota, memoryLimit }: CgroupLimits): readonly CgroupFile[] {
  const text = (limit: number): string => (limit < 0 ? 'max' : String(limit));
  return [
    ['cpu', 'cpu.weight', String(1 + Math.floor(((cpuShares - 2) * 9999) / 262_142))],
    ['cpu', 'cpu.max', `${text(cpuQuota)} 100000`],
    ['memory', 'memory.max', text(memoryLimit)],
  ];
}

/** Lets a cgroup of version 2 have controllers: each one above it must hand them down. */
async function delegate(path: string): Promise<void> {
  const parent = dirname(path);
  if (parent !== path) await delegate(parent);
  await mkdir(join(mountpoint, path), { recursive: true });
  if (parent === path) return;
  await writeFile(join(mountpoint, parent, 'cgroup.subtree_control'), '+cpu +memory');
}

/** Removes a cgroup and those below it from every hierarchy, v1 and v2; runtimes leave the pods' ones behind. What is busy stays. */
export async function removeCgroup(path: string): Promise<void> {
  const hierarchies = await readdir(mountpoint, { withFileTypes: true }).catch(() => []);
  const roots = [mountpoint, ...hierarchies.filter((entry) => entry.isDirectory()).map((entry) => join(mountpoint, entry.name))];
  for (const root of roots) await removeTree(join(root, path));
}

async function removeTree(directory: string): Promise<void> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => undefined);
  for (const entry of entries ?? []) if (entry.isDirectory()) await removeTree(join(directory, entry.name));
  if (entries) await rmdir(directory).catch(() => undefined);
}
