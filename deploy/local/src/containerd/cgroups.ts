import { readdir, readFile, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, sleep } from '@keelson/base';
import { cgroupRoots, currentMounts } from './mounts.ts';
import { signal } from './processes.ts';

const patienceMs = 5_000;
const pollMs = 20;

/**
 * Kills what runs in the cgroup `parent` (such as `/kubepods-a`) and removes it with all beneath it, in every hierarchy. Runtimes leave
 * pods' cgroups behind. @throws when something in it cannot be ended in five seconds.
 */
export async function removeCgroups(parent: string, clock: Clock): Promise<void> {
  if (!/^\/[^/]/.test(parent)) throw new Error(`not a cgroup of its own: ${JSON.stringify(parent)}`);
  const deadline = clock.now() + patienceMs;
  for (const root of cgroupRoots(await currentMounts())) {
    const directories = await beneath(join(root, parent));
    while (!(await removed(directories))) {
      if (clock.now() > deadline) throw new Error(`cgroup ${join(root, parent)} is still in use`);
      await sleep(clock, pollMs);
    }
  }
}

/** Deepest first. */
async function beneath(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => undefined);
  if (!entries) return [];
  const children = entries.filter((entry) => entry.isDirectory()).map((entry) => beneath(join(directory, entry.name)));
  return [...(await Promise.all(children)).flat(), directory];
}

/** One attempt; a cgroup can be removed once the processes in it have ended. */
async function removed(directories: readonly string[]): Promise<boolean> {
  for (const directory of directories) {
    const pids = await readFile(join(directory, 'cgroup.procs'), 'utf8').catch(() => '');
    for (const pid of pids.split('\n').filter((each) => each !== '')) signal(Number(pid), 'SIGKILL');
  }
  const results: boolean[] = [];
  for (const directory of directories) results.push(await rmdir(directory).then(() => true, gone));
  return results.every((result) => result);
}

function gone(error: NodeJS.ErrnoException): boolean {
  return error.code === 'ENOENT';
}
