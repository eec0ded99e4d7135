import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CgroupUsage } from './usage-types.ts';

const mountpoint = '/sys/fs/cgroup';

/** What a cgroup has used, by its version 2 files or, where the controllers are there, those of version 1. Undefined when it is in neither. */
export async function readCgroup(path: string): Promise<CgroupUsage | undefined> {
  const text = (...parts: string[]): Promise<string | undefined> => readFile(join(mountpoint, ...parts), 'utf8').catch(() => undefined);
  const [cpuStat, memoryStat, current] = await Promise.all([
    text(path, 'cpu.stat'),
    text(path, 'memory.stat'),
    text(path, 'memory.current'),
  ]);
  if (cpuStat !== undefined && memoryStat !== undefined) return usageOfV2(cpuStat, memoryStat, current);
  const [cpu, stat, usage] = await Promise.all([
    text('cpuacct', path, 'cpuacct.usage'),
    text('memory', path, 'memory.stat'),
    text('memory', path, 'memory.usage_in_bytes'),
  ]);
  return cpu === undefined || stat === undefined || usage === undefined ? undefined : usageOfV1(cpu, stat, usage);
}

/** Of `cpu.stat`, `memory.stat` and `memory.current`; the root has no `memory.current`. */
export function usageOfV2(cpuStat: string, memoryStat: string, current: string | undefined): CgroupUsage {
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
export function usageOfV1(cpu: string, memoryStat: string, usageInBytes: string): CgroupUsage {
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
