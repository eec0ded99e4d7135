import { readdir, readFile } from 'node:fs/promises';
import { type Clock, sleep } from '@keelson/base';
import { identify } from '../process/identity.ts';

const patienceMs = 10_000;
const pollMs = 10;

/** The arguments a process was started with; undefined when there is none, or only its remains. */
export async function commandLine(pid: number): Promise<readonly string[] | undefined> {
  const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return text === '' ? undefined : text.split('\0').slice(0, -1);
}

/** Every process whose arguments satisfy `match`. */
export async function processesWhere(match: (args: readonly string[]) => boolean): Promise<number[]> {
  const pids = (await readdir('/proc')).map(Number).filter(Number.isInteger);
  const lines = await Promise.all(pids.map(async (pid) => ({ pid, args: await commandLine(pid) })));
  return lines.filter(({ args }) => args && match(args)).map(({ pid }) => pid);
}

/** SIGTERM, and SIGKILL after ten seconds. Resolves when it has ended; ending what has ended is fine. */
export async function endProcess(pid: number, clock: Clock): Promise<void> {
  signal(pid, 'SIGTERM');
  const deadline = clock.now() + patienceMs;
  while ((await identify(pid)) !== undefined) {
    if (clock.now() > deadline) signal(pid, 'SIGKILL');
    await sleep(clock, pollMs);
  }
}

export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended in the meantime.
  }
}
