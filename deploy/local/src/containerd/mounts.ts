import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { assert } from '@keelson/base';

const run = promisify(execFile);

export interface MountEntry {
  readonly mountpoint: string;
  readonly type: string;
}

/** Reads the form of /proc/<pid>/mountinfo, oldest mount first. */
export function parseMounts(mountinfo: string): MountEntry[] {
  return mountinfo
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [before = '', after = ''] = line.split(' - ');
      return { mountpoint: plain(before.split(' ')[4] ?? ''), type: after.split(' ')[0] ?? '' };
    });
}

/** The mount points at or beneath `dir`, in the order in which they can be unmounted. */
export function mountsBeneath(mounts: readonly MountEntry[], dir: string): string[] {
  const inside = mounts.map(({ mountpoint }) => mountpoint).filter((mountpoint) => mountpoint === dir || mountpoint.startsWith(`${dir}/`));
  return inside.reverse();
}

/** Where each cgroup hierarchy of either version is mounted. */
export function cgroupRoots(mounts: readonly MountEntry[]): string[] {
  return mounts.filter(({ type }) => type === 'cgroup' || type === 'cgroup2').map(({ mountpoint }) => mountpoint);
}

export async function currentMounts(): Promise<MountEntry[]> {
  return parseMounts(await readFile('/proc/self/mountinfo', 'utf8'));
}

/** Makes mounts beneath `dir` travel between the machine and its pods, as Bidirectional and HostToContainer volumes need. */
export async function shareMounts(dir: string): Promise<void> {
  if ((await currentMounts()).some(({ mountpoint }) => mountpoint === dir)) return;
  await run('mount', ['--bind', dir, dir]);
  await run('mount', ['--make-rshared', dir]);
}

/**
 * Mounts memory at `dir`, which is made: what is written there need not outlive the machine, and no file's `fsync` elsewhere waits for it.
 * A directory that holds something already stays what it is.
 */
export async function keepInMemory(dir: string): Promise<void> {
  await mkdir(dir, { recursive: true, mode: 0o711 });
  const taken = (await readdir(dir)).length > 0 || (await currentMounts()).some(({ mountpoint }) => mountpoint === dir);
  if (!taken) await run('mount', ['-t', 'tmpfs', '-o', 'mode=0711', 'tmpfs', dir]);
}

/** Unmounts all that is mounted at or beneath `dir`, an absolute path, at once or when it is no longer used. */
export async function unmountBeneath(dir: string): Promise<void> {
  assert(/^\/[^/]/.test(dir) && !dir.endsWith('/'), 'a data directory is an absolute path other than /');
  for (const mountpoint of mountsBeneath(await currentMounts(), dir)) {
    await run('umount', ['--lazy', mountpoint]).catch(() => undefined);
  }
}

/** mountinfo writes space, tab, newline and backslash as octal. */
function plain(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
