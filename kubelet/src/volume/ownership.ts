import { chmod, lchown, lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';
import type { GroupOptions } from './host.ts';

/** uid -1: keep the owner. */
export const sameOwner = 0xffffffff;

const setgid = 0o2000;

/** The bits a group needs on a file or directory that is its own. */
function groupBits(isDirectory: boolean, readOnly: boolean): number {
  return (readOnly ? 0o440 : 0o660) | (isDirectory ? setgid | 0o110 : 0);
}

/** Gives a tree to a group as `fsGroup` asks. The top goes last: a walk that was cut short is seen by it and done again. */
export async function giveToGroup(path: string, gid: number, { readOnly, onRootMismatch }: GroupOptions): Promise<void> {
  const top = await lstat(path);
  const bits = groupBits(top.isDirectory(), readOnly);
  if (onRootMismatch && top.gid === gid && (top.mode & bits) === bits) return;
  await give(path, gid, readOnly);
}

async function give(path: string, gid: number, readOnly: boolean): Promise<void> {
  const found = await lstat(path);
  if (found.isDirectory()) for await (const { name } of await opendir(path)) await give(join(path, name), gid, readOnly);
  await lchown(path, sameOwner, gid);
  if (!found.isSymbolicLink()) await chmod(path, (found.mode & 0o7777) | groupBits(found.isDirectory(), readOnly));
}
