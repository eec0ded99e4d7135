import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CgroupUsage, Pressure, Waiting } from './usage-types.ts';

const mountpoint = '/sys/fs/cgroup';

/** Reads what a cgroup has used; undefined when there is none of that path. */
export type CgroupReader = (path: string) => Promise<CgroupUsage | undefined>;

/** Reads version 2 files or, where the controllers are there, those of version 1; what was found last is looked for first. */
export function cgroupReader(): CgroupReader {
  let ways: readonly CgroupReader[] = [readV2, readV1];
  return async (path) => {
    for (const read of ways) {
      const usage = await read(path);
      if (!usage) continue;
      if (read !== ways[0]) ways = ways.toReversed();
      return usage;
    }
    return undefined;
  };
}

/** The network devices of what runs in a cgroup of pods, as /proc has them; undefined when nothing runs there. */
export async function devicesOf(path: string): Promise<string | undefined> {
  const places = [join(mountpoint, path), join(mountpoint, 'pids', path)];
  const found = await Promise.all(places.map((place) => readdir(place, { withFileTypes: true }).catch(() => [])));
  const containers = found.flatMap((entries) => entries.filter((entry) => entry.isDirectory()));
  for (const { parentPath, name } of containers) {
    const processes = await readFile(join(parentPath, name, 'cgroup.procs'), 'utf8').catch(() => '');
    const [pid] = processes.split('\n');
    const devices = pid ? await readFile(`/proc/${pid}/net/dev`, 'utf8').catch(() => undefined) : undefined;
    if (devices !== undefined) return devices;
  }
  return undefined;
}

function text(...parts: string[]): Promise<string | undefined> {
  return readFile(join(mountpoint, ...parts), 'utf8').catch(() => undefined);
}

async function readV2(path: string): Promise<CgroupUsage | undefined> {
  const [cpu, memory, current, limit, pids, ...pressures] = await Promise.all(
    ['cpu.stat', 'memory.stat', 'memory.current', 'memory.max', 'pids.current', 'cpu.pressure', 'memory.pressure', 'io.pressure'].map(
      (file) => text(path, file),
    ),
  );
  if (cpu === undefined || memory === undefined) return undefined;
  const [ofCpu, ofMemory, ofIo] = pressures.map((each) => (each ? pressureOf(each) : undefined));
  const pressure = ofCpu && ofMemory && ofIo ? { cpu: ofCpu, memory: ofMemory, io: ofIo } : undefined;
  return { ...usageOfV2(cpu, memory, current), memoryLimitBytes: memoryLimitOf(limit), processes: Number(pids ?? 0), pressure };
}

/** Of `cpu.pressure` and its like: `some avg10=0.00 avg60=0.00 avg300=0.00 total=0`, and the same for `full`, which may be missing. */
export function pressureOf(text: string): Pressure {
  const line = (kind: keyof Pressure): Waiting => {
    const fields = new Map(
      new RegExp(`^${kind} (.*)$`, 'm')
        .exec(text)?.[1]
        ?.split(' ')
        .map((each) => each.split('=') as [string, string]),
    );
    const number = (name: keyof Waiting): number => Number(fields.get(name) ?? 0);
    return { total: number('total'), avg10: number('avg10'), avg60: number('avg60'), avg300: number('avg300') };
  };
  return { full: line('full'), some: line('some') };
}

async function readV1(path: string): Promise<CgroupUsage | undefined> {
  const [cpu, stat, usage, limit, pids] = await Promise.all([
    text('cpuacct', path, 'cpuacct.usage'),
    text('memory', path, 'memory.stat'),
    text('memory', path, 'memory.usage_in_bytes'),
    text('memory', path, 'memory.limit_in_bytes'),
    text('pids', path, 'pids.current'),
  ]);
  return cpu === undefined || stat === undefined || usage === undefined
    ? undefined
    : { ...usageOfV1(cpu, stat, usage), memoryLimitBytes: memoryLimitOf(limit), processes: Number(pids ?? 0) };
}

/** Bytes of `memory.max` or `memory.limit_in_bytes`; undefined when that is no limit: `max`, or about 2^63. */
export function memoryLimitOf(text: string | undefined): number | undefined {
  const limit = Number(text?.trim() ?? Number.NaN);
  return limit < 2 ** 62 ? limit : undefined;
}

/** Of `cpu.stat`, `memory.stat` and `memory.current`; the root has no `memory.current`. */
export function usageOfV2(cpuStat: string, memoryStat: string, current: string | undefined): Omit<CgroupUsage, 'processes'> {
  const [cpu, memory] = [fieldsOf(cpuStat), fieldsOf(memoryStat)];
  const usage = current === undefined ? (memory.get('anon') ?? 0) + (memory.get('file') ?? 0) : Number(current);
  return {
    cpuNanoSecondsTotal: BigInt(cpu.get('usage_usec') ?? 0) * 1000n,
    memoryUsageBytes: usage,
    memoryWorkingSetBytes: Math.max(0, usage - (memory.get('inactive_file') ?? 0)),
    memoryRssBytes: memory.get('anon') ?? 0,
    pageFaults: memory.get('pgfault') ?? 0,
    majorPageFaults: memory.get('pgmajfault') ?? 0,
  };
}

/** Of `cpuacct.usage`, `memory.stat` and `memory.usage_in_bytes`. */
export function usageOfV1(cpu: string, memoryStat: string, usageInBytes: string): Omit<CgroupUsage, 'processes'> {
  const memory = fieldsOf(memoryStat);
  const usage = Number(usageInBytes);
  return {
    cpuNanoSecondsTotal: BigInt(cpu.trim()),
    memoryUsageBytes: usage,
    memoryWorkingSetBytes: Math.max(0, usage - (memory.get('total_inactive_file') ?? 0)),
    memoryRssBytes: memory.get('total_rss') ?? 0,
    pageFaults: memory.get('total_pgfault') ?? 0,
    majorPageFaults: memory.get('total_pgmajfault') ?? 0,
  };
}

function fieldsOf(text: string): Map<string, number> {
  return new Map(
    text
      .trim()
      .split('\n')
      .map((line) => line.split(' '))
      .map(([name = '', value]) => [name, Number(value)]),
  );
}
