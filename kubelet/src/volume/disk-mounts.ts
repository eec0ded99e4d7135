import { mkdir, statfs } from 'node:fs/promises';
import { mountDevice } from './device-mounts.ts';
import type { Fullness, Mounts, TmpfsOptions } from './host.ts';
import { isMounted, mount } from './mounttable.ts';
import { giveToGroup } from './ownership.ts';
import { bindSubPath } from './subpath.ts';

/** The node's own mounts. */
export const diskMounts: Mounts = { tmpfs, bind, device: mountDevice, subPath: bindSubPath, giveToGroup, fullness };

async function tmpfs(path: string, { gid, sizeBytes }: TmpfsOptions): Promise<void> {
  await mkdir(path, { recursive: true });
  if (await isMounted(path)) return;
  const size = sizeBytes > 0 ? [`size=${sizeBytes}`] : [];
  // Rights come with the mount: there is no moment at which it has others.
  const rights = gid === undefined ? ['mode=1777'] : ['mode=3777', `gid=${gid}`];
  await mount('-t', 'tmpfs', '-o', ['rw', 'relatime', ...rights, ...size].join(','), 'tmpfs', path);
}

async function bind(source: string, target: string, { readOnly }: { readonly readOnly: boolean }): Promise<void> {
  await mkdir(target, { recursive: true, mode: 0o750 });
  if (await isMounted(target)) return;
  await mount('--bind', source, target);
  // The kernel takes no other option with a bind: reading only is a second step.
  if (readOnly) await mount('-o', 'remount,bind,ro', target);
}

async function fullness(path: string): Promise<Fullness | undefined> {
  const found = await statfs(path).catch(() => undefined);
  if (!found) return undefined;
  const { bsize, blocks, bfree, bavail, files, ffree } = found;
  return {
    capacityBytes: blocks * bsize,
    availableBytes: bavail * bsize,
    usedBytes: (blocks - bfree) * bsize,
    inodes: files,
    inodesFree: ffree,
    inodesUsed: files - ffree,
  };
}
