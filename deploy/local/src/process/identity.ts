import { readFile } from 'node:fs/promises';
import { run } from '../machine/command.ts';

/** A process that can be told from a later one which was given the same number. */
export interface Identity {
  readonly pid: number;
  /** When it was started, as the system puts it: comparable, nothing more. */
  readonly born: string;
}

/** Undefined when no such process runs; one that has ended and was not waited for counts as not running. */
export async function identify(pid: number): Promise<Identity | undefined> {
  if (process.platform !== 'linux') {
    const born = (await run('ps', ['-o', 'lstart=', '-p', String(pid)]).catch(() => '')).trim();
    return born === '' ? undefined : { pid, born };
  }
  const [stat, boot] = await Promise.all([textOf(`/proc/${pid}/stat`), textOf('/proc/sys/kernel/random/boot_id')]);
  const start = startTime(stat);
  return start === undefined ? undefined : { pid, born: `${boot.trim()}:${start}` };
}

/** Field 22 of /proc/<pid>/stat, ticks after the machine's start; undefined for a zombie or nothing at all. */
export function startTime(stat: string): string | undefined {
  // The second field is the program's name in parentheses, and may hold anything.
  const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return state === undefined || state === '' || state === 'Z' || state === 'X' ? undefined : fields[18];
}

export async function isAlive({ pid, born }: Identity): Promise<boolean> {
  return (await identify(pid))?.born === born;
}

/** Bytes of memory that are the process's own or shared; undefined when it cannot be told. */
export async function residentBytes(pid: number): Promise<number | undefined> {
  if (process.platform !== 'linux') {
    const text = await run('ps', ['-o', 'rss=', '-p', String(pid)]).catch(() => '');
    return text.trim() === '' ? undefined : Number(text) * 1024;
  }
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(await textOf(`/proc/${pid}/status`))?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}

function textOf(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}
