import { readdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';

const mountpoint = '/sys/fs/cgroup';

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
