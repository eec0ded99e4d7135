import { chmod, mkdir, open, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { DiskUse } from '../cri/types.ts';
import { publishAtomically } from './atomic.ts';
import { diskMounts } from './disk-mounts.ts';
import type { Drivers } from './drivers.ts';
import type { Host, PathKind, VolumeFile } from './host.ts';
import { unmountBelow } from './mounttable.ts';
import { giveToGroup } from './ownership.ts';
import { readBelow } from './subpath.ts';
import { diskUsage } from './usage.ts';

/** The node's own files. */
export class DiskHost implements Host {
  readonly mounts = diskMounts;

  async directory(path: string, { mode, gid }: { readonly mode: number; readonly gid?: number | undefined }): Promise<void> {
    if (await exists(path)) return;
    await mkdir(path, { recursive: true });
    await chmod(path, mode);
    if (gid !== undefined) await giveToGroup(path, gid, { readOnly: false, onRootMismatch: false });
  }

  async publish(directory: string, files: ReadonlyMap<string, VolumeFile>, gid: number | undefined): Promise<void> {
    await this.directory(directory, { mode: 0o777, gid });
    await publishAtomically(directory, files, gid);
  }

  async write(path: string, data: string, mode: number): Promise<void> {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, data);
    await chmod(path, mode);
  }

  async readTail(path: string, limit: number): Promise<Buffer | undefined> {
    const file = await open(path).catch(() => undefined);
    if (!file) return undefined;
    try {
      const { size } = await file.stat();
      const buffer = Buffer.alloc(Math.min(size, limit));
      const { bytesRead } = await file.read(buffer, 0, buffer.length, size - buffer.length);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  }

  readBelow(volume: string, path: string, limit: number): Promise<Buffer | undefined> {
    return readBelow(volume, path, limit).catch(() => undefined);
  }

  async kind(path: string): Promise<PathKind | undefined> {
    const found = await stat(path).catch(() => undefined);
    if (!found) return undefined;
    if (found.isDirectory()) return 'directory';
    if (found.isSocket()) return 'socket';
    if (found.isCharacterDevice()) return 'charDevice';
    return found.isBlockDevice() ? 'blockDevice' : 'file';
  }

  usage(path: string, { itself }: { readonly itself: boolean }): Promise<DiskUse> {
    return diskUsage(path, itself);
  }

  async remove(path: string): Promise<void> {
    await unmountBelow(path);
    await rm(path, { recursive: true, force: true });
  }
}

/** Removes the directories of pods that nobody knows any more, left by a kubelet or machine that ended between two steps. */
export async function removeLeftovers(
  pods: string,
  known: ReadonlySet<string>,
  { host, drivers }: { readonly host: Host; readonly drivers?: Drivers | undefined },
): Promise<void> {
  const present = await readdir(pods).catch(() => []);
  for (const uid of present) {
    if (known.has(uid)) continue;
    await drivers?.unmountAll(`${pods}/${uid}`);
    await host.remove(`${pods}/${uid}`);
  }
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
