import type { DiskUse } from '../cri/types.ts';
import type { Host, Mounts, PathKind, VolumeFile } from './host.ts';

/** A node without a disk: remembers what was written, for model nodes and tests. */
export class MemoryHost implements Host {
  readonly files = new Map<string, Buffer>();
  readonly directories = new Set<string>();
  readonly mounts: Mounts = {
    tmpfs: async (path) => void this.directories.add(path),
    bind: async (_source, target) => void this.directories.add(target),
    device: async (_device, target) => void this.directories.add(target),
    subPath: async (base, subPath) => `${base}/${subPath}`,
    giveToGroup: async () => undefined,
    fullness: async () => undefined,
  };

  async directory(path: string): Promise<void> {
    this.directories.add(path);
  }

  async publish(directory: string, files: ReadonlyMap<string, VolumeFile>): Promise<void> {
    this.directories.add(directory);
    for (const path of this.files.keys()) if (path.startsWith(`${directory}/`)) this.files.delete(path);
    for (const [path, file] of files) this.files.set(`${directory}/${path}`, file.data);
  }

  async write(path: string, data: string): Promise<void> {
    this.files.set(path, Buffer.from(data));
  }

  async readTail(path: string, limit: number): Promise<Buffer | undefined> {
    const data = this.files.get(path);
    return data?.subarray(Math.max(0, data.length - limit));
  }

  async readBelow(volume: string, path: string, limit: number): Promise<Buffer | undefined> {
    return this.files.get(`${volume}/${path}`)?.subarray(0, limit);
  }

  /** Any path not written to counts as a directory: a model container can mount whatever its pod names. */
  async kind(path: string): Promise<PathKind | undefined> {
    return this.files.has(path) ? 'file' : 'directory';
  }

  async usage(path: string): Promise<DiskUse> {
    const files = [...this.files].filter(([each]) => each === path || each.startsWith(`${path}/`));
    return { bytes: files.reduce((total, [, data]) => total + data.length, 0), inodes: files.length };
  }

  async remove(path: string): Promise<void> {
    const below = (each: string): boolean => each === path || each.startsWith(`${path}/`);
    for (const each of this.files.keys()) if (below(each)) this.files.delete(each);
    for (const each of this.directories) if (below(each)) this.directories.delete(each);
  }
}
