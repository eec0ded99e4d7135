import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, realpath, stat, writeFile } from 'node:fs/promises';
import { dirname, sep } from 'node:path';
import { isMounted, mount, unmountBelow } from './mounttable.ts';

/** Linux's O_PATH: a handle on a place, not on its content. */
const placeOnly = 0o10000000;

/**
 * Binds a sub path of a volume to `target`. A container that shares the volume may swap directories for links at any moment, so each
 * step is taken from a handle on the one before and follows no link, and the handle is what is mounted, as in Kubernetes.
 */
export async function bindSubPath(base: string, subPath: string, target: string): Promise<string> {
  const root = await realpath(base);
  const wanted = `${root}/${subPath}`;
  await makeBelow(root, await nearest(wanted), wanted);
  const real = await realpath(wanted);
  checkInside(root, real);
  const place = await walk(root, partsBelow(root, real));
  try {
    const path = handlePath(place);
    if (await shows(target, path)) return target;
    await unmountBelow(target);
    if ((await stat(path)).isDirectory()) await mkdir(target, { recursive: true, mode: 0o750 });
    else await emptyFile(target);
    // The source must reach the kernel as it is: resolved again, it could be another place by now.
    await mount('--no-canonicalize', '--bind', `/proc/${process.pid}/fd/${place.fd}`, target);
    return target;
  } finally {
    await place.close();
  }
}

/** The start of a regular file below `base`, walked to as `bindSubPath` does. @throws Error when there is none, or it is elsewhere. */
export async function readBelow(base: string, path: string, limit: number): Promise<Buffer> {
  const root = await realpath(base);
  const real = await realpath(`${root}/${path}`);
  checkInside(root, real);
  const place = await walk(root, partsBelow(root, real));
  try {
    if (!(await place.stat()).isFile()) throw new Error(`${real} is not a file`);
    const file = await open(handlePath(place), constants.O_RDONLY);
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(limit), 0, limit, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } finally {
    await place.close();
  }
}

/** Makes what is missing of `wanted` below `from`, with the rights of the volume itself. */
async function makeBelow(
  root: string,
  from: { readonly real: string; readonly missing: readonly string[] },
  wanted: string,
): Promise<void> {
  checkInside(root, from.real);
  if (from.missing.length === 0) return;
  const mode = (await stat(root)).mode & 0o7777;
  let place = await walk(root, partsBelow(root, from.real));
  try {
    for (const name of from.missing) {
      if (name === '..') throw new Error(`subpath ${wanted} must not contain '..'`);
      await mkdir(`${handlePath(place)}/${name}`).catch(ignoreExisting);
      const next = await enter(place, name);
      await place.close();
      place = next;
      // mkdir's mode is cut by the process's mask and knows no setgid.
      const handle = await open(handlePath(place), constants.O_RDONLY | constants.O_DIRECTORY);
      await handle.chmod(mode).finally(() => handle.close());
    }
  } finally {
    await place.close();
  }
}

async function walk(root: string, parts: readonly string[]): Promise<FileHandle> {
  let place = await open(root, placeOnly | constants.O_NOFOLLOW);
  for (const name of parts) {
    const before = place;
    place = await enter(before, name).finally(() => before.close());
  }
  return place;
}

async function enter(place: FileHandle, name: string): Promise<FileHandle> {
  const next = await open(`${handlePath(place)}/${name}`, placeOnly | constants.O_NOFOLLOW);
  if (!(await next.stat()).isSymbolicLink()) return next;
  await next.close();
  throw new Error(`unexpected symlink found ${name}`);
}

function handlePath({ fd }: FileHandle): string {
  return `/proc/self/fd/${fd}`;
}

/** The longest part of a path that is there, links followed, and the names that are missing after it. */
async function nearest(path: string): Promise<{ readonly real: string; readonly missing: readonly string[] }> {
  const real = await realpath(path).catch(() => undefined);
  if (real !== undefined) return { real, missing: [] };
  const parent = await nearest(dirname(path));
  return { real: parent.real, missing: [...parent.missing, path.slice(path.lastIndexOf('/') + 1)].filter(Boolean) };
}

function partsBelow(root: string, path: string): string[] {
  return path.slice(root.length).split(sep).filter(Boolean);
}

function checkInside(root: string, path: string): void {
  if (path !== root && !path.startsWith(root + sep)) throw new Error(`subpath ${path} is not below the volume ${root}`);
}

async function shows(target: string, path: string): Promise<boolean> {
  if (!(await isMounted(target))) return false;
  const [there, wanted] = await Promise.all([stat(target), stat(path)]);
  return there.dev === wanted.dev && there.ino === wanted.ino;
}

async function emptyFile(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o750 });
  await writeFile(path, '', { mode: 0o640 });
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}
