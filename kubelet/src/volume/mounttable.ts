import { execFile } from 'node:child_process';
import { readFile, realpath } from 'node:fs/promises';
import { sep } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Calls the system's `mount`. @throws Error with its words. */
export async function mount(...args: readonly string[]): Promise<void> {
  await run('mount', [...args]);
}

/** Unmounts all that is mounted at and below `path`, inner mounts first. @throws when something stays mounted. */
export async function unmountBelow(path: string): Promise<void> {
  const real = await realpath(path).catch(() => path);
  for (const point of (await mountsBelow(real)).reverse()) await run('umount', ['-l', point]);
  const [left] = await mountsBelow(real);
  // What is deleted next would be what is mounted there.
  if (left) throw new Error(`${left} is still mounted`);
}

export async function isMounted(path: string): Promise<boolean> {
  const real = await realpath(path).catch(() => path);
  return (await mountsBelow(real)).includes(real);
}

/** Mount points at and below `path`, a real path, outer ones first. */
async function mountsBelow(path: string): Promise<string[]> {
  const table = await readFile('/proc/self/mountinfo', 'utf8').catch(() => '');
  const points = table.split('\n').flatMap((line) => line.split(' ')[4] ?? []);
  const plain = points.map((point) => point.replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))));
  return plain.filter((point) => point === path || point.startsWith(path + sep));
}
