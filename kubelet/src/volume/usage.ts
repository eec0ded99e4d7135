import { execFile } from 'node:child_process';
import type { Stats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import type { DiskUse } from '../cri/types.ts';
import { nothing } from '../footprint/types.ts';

/** So many files are looked at here; for more a process of its own costs less: `du` takes a thirtieth of the time. */
const few = 1_000;
const atOnce = 32;

/**
 * What everything below `path` takes, blocks and not lengths; `itself`: and `path`, too. A file with several names counts once, and other
 * file systems mounted below do not count. What is not there takes nothing.
 */
export async function diskUsage(path: string, itself: boolean): Promise<DiskUse> {
  const top = await lstat(path).catch(() => undefined);
  if (!top) return nothing;
  const own = { bytes: top.blocks * 512, inodes: 1 };
  const below = (await walk(path, top, few)) ?? (await askDu(path, own)) ?? (await walk(path, top, Number.POSITIVE_INFINITY)) ?? nothing;
  return itself ? { bytes: below.bytes + own.bytes, inodes: below.inodes + own.inodes } : below;
}

/** undefined: there are more than `most` files. */
async function walk(path: string, top: Stats, most: number): Promise<DiskUse | undefined> {
  const tally = new Tally();
  const open = top.isDirectory() ? [path] : [];
  for (let directory = open.pop(); directory !== undefined; directory = open.pop()) {
    const names = await readdir(directory).catch(() => []);
    if (tally.inodes + names.length > most) return undefined;
    for (let at = 0; at < names.length; at += atOnce) {
      const batch = names.slice(at, at + atOnce).map((name) => `${directory}/${name}`);
      for (const { child, found } of await Promise.all(batch.map(look))) {
        if (found?.dev !== top.dev) continue;
        tally.add(found);
        if (found.isDirectory()) open.push(child);
      }
    }
  }
  return { bytes: tally.bytes, inodes: tally.inodes };
}

/** Nothing is found of a file that has gone meanwhile. */
async function look(child: string): Promise<{ readonly child: string; readonly found: Stats | undefined }> {
  return { child, found: await lstat(child).catch(() => undefined) };
}

class Tally {
  bytes = 0;
  inodes = 0;
  readonly #linked = new Set<number>();

  add(found: Stats): void {
    if (found.nlink > 1 && !found.isDirectory()) {
      if (this.#linked.has(found.ino)) return;
      this.#linked.add(found.ino);
    }
    this.bytes += found.blocks * 512;
    this.inodes += 1;
  }
}

/** By the `du` of GNU; undefined where there is another, or none. */
async function askDu(path: string, own: DiskUse): Promise<DiskUse | undefined> {
  const [bytes, inodes] = await Promise.all([du('--block-size=1', path), du('--inodes', path)]);
  return bytes === undefined || inodes === undefined ? undefined : { bytes: bytes - own.bytes, inodes: inodes - own.inodes };
}

function du(unit: string, path: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    // It complains, and still counts the rest, when files go while it looks.
    execFile('du', ['--summarize', '--one-file-system', unit, '--', path], (_error, stdout) => {
      const count = /^\d+/.exec(stdout)?.[0];
      resolve(count === undefined ? undefined : Number(count));
    });
  });
}
