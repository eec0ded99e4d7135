import { execFile } from 'node:child_process';
import { chmod, chown, mkdir, open, readdir, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, sep } from 'node:path';
import { promisify } from 'node:util';
import { publishAtomically } from './atomic.ts';
import type { Host, PathKind, VolumeFile } from './host.ts';

const run = promisify(execFile);

/** uid -1: keep the owner. */
const sameOwner = 0xffffffff;

/** The node's own files. */
export class DiskHost implements Host {
  async directory(path: string, { mode, gid }: { readonly mode: number; readonly gid?: number | undefined }): Promise<void> {
    if (await exists(path)) return;
    await mkdir(path, { recursive: true });
    await chmod(path, mode);
    if (gid !== undefined) await own(path, mode, gid);
  }

  async tmpfs(
    path: string,
    options: { readonly mode: number; readonly gid?: number | undefined; readonly sizeBytes: number },
  ): Promise<void> {
    await mkdir(path, { recursive: true });
    if ((await mountsBelow(path)).includes(path)) return;
    const size = options.sizeBytes > 0 ? [`size=${options.sizeBytes}`] : [];
    await run('mount', ['-t', 'tmpfs', '-o', ['rw', 'relatime', ...size].join(','), 'tmpfs', path]);
    await chmod(path, options.mode);
    if (options.gid !== undefined) await own(path, options.mode, options.gid);
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

  async kind(path: string): Promise<PathKind | undefined> {
    const found = await stat(path).catch(() => undefined);
    if (!found) return undefined;
    if (found.isDirectory()) return 'directory';
    if (found.isSocket()) return 'socket';
    if (found.isCharacterDevice()) return 'charDevice';
    return found.isBlockDevice() ? 'blockDevice' : 'file';
  }

  async subPath(base: string, subPath: string, gid: number | undefined): Promise<string> {
    const root = await realpath(base);
    const path = `${root}/${subPath}`;
    // A link planted in the volume must not lead out of it: what exists is checked before anything is made below it.
    await checkInside(root, await nearest(path));
    if (!(await exists(path))) await this.directory(path, { mode: 0o777, gid });
    const real = await realpath(path);
    await checkInside(root, real);
    return real;
  }

  async remove(path: string): Promise<void> {
    for (const mount of (await mountsBelow(path)).reverse()) await run('umount', ['-l', mount]);
    await rm(path, { recursive: true, force: true });
  }
}

/** Removes the directories of pods that nobody knows any more, left by a kubelet or machine that ended between two steps. */
export async function removeLeftovers(pods: string, known: ReadonlySet<string>, host: Host): Promise<void> {
  const present = await readdir(pods).catch(() => []);
  for (const uid of present) if (!known.has(uid)) await host.remove(`${pods}/${uid}`);
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

/** What `fsGroup` asks of a volume: the group may read and write, and whatever is made in it belongs to the group. */
async function own(path: string, mode: number, gid: number): Promise<void> {
  await chown(path, sameOwner, gid);
  await chmod(path, mode | 0o2070);
}

async function nearest(path: string): Promise<string> {
  const real = await realpath(path).catch(() => undefined);
  return real ?? nearest(dirname(path));
}

async function checkInside(root: string, path: string): Promise<void> {
  if (path !== root && !path.startsWith(root + sep)) throw new Error(`subpath ${path} is not below the volume ${root}`);
}

/** Mount points at and below `path`, outer ones first. */
async function mountsBelow(path: string): Promise<string[]> {
  const table = await readFile('/proc/self/mountinfo', 'utf8').catch(() => '');
  const points = table.split('\n').flatMap((line) => line.split(' ')[4] ?? []);
  const plain = points.map((point) => point.replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))));
  return plain.filter((point) => point === path || point.startsWith(path + sep));
}
