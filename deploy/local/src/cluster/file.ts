import { access, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Cluster } from './cluster.ts';
import { clusterPaths } from './paths.ts';

/** The cluster that a data directory holds; undefined when it holds none. @throws when its file cannot be read. */
export async function loadCluster(dataDir: string): Promise<Cluster | undefined> {
  const { cluster } = clusterPaths(dataDir);
  const text = await readFile(cluster, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  return text === undefined ? undefined : (JSON.parse(text) as Cluster);
}

export async function saveCluster(cluster: Cluster): Promise<void> {
  await replaceFile(clusterPaths(cluster.dataDir).cluster, `${JSON.stringify(cluster, null, 2)}\n`);
}

/** Writes a file for its owner alone, at once: a reader sees the old content or the new. */
export async function replaceFile(path: string, content: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const aside = `${path}.${process.pid}`;
  await writeFile(aside, content, { mode: 0o600 });
  await rename(aside, path);
}

export function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
