import { stat } from 'node:fs/promises';
import type { Clock } from '@keelson/base';
import type { Cluster } from './cluster/cluster.ts';
import { clusterPaths } from './cluster/paths.ts';
import { answers, runningContainerd } from './containerd/containerd.ts';
import { containerdPaths } from './containerd/index.ts';
import type { ProcessSpec } from './process/commands.ts';
import { type Health, healthOf } from './process/health.ts';
import { residentBytes } from './process/identity.ts';
import { running } from './process/processes.ts';
import { specsOf } from './process/running.ts';

/** How one process of a cluster does. */
export interface ProcessReport {
  readonly name: string;
  /** Absent when it does not run. */
  readonly pid?: number;
  readonly uptimeMs?: number;
  readonly residentBytes?: number;
  /** `ok`, or what is wrong. */
  readonly health: string;
}

/** Looks at every process of a cluster and asks it whether it is well. */
export async function reportOn(cluster: Cluster, clock: Clock): Promise<readonly ProcessReport[]> {
  const health = await healthOf(cluster).catch(() => undefined);
  const specs = await specsOf(cluster);
  const containerd = cluster.runtime === 'containerd' ? [reportContainerd(cluster, clock)] : [];
  return Promise.all([...containerd, ...specs.map((spec) => reportProcess(cluster, spec, health, clock))]);
}

async function reportProcess(cluster: Cluster, spec: ProcessSpec, health: Health | undefined, clock: Clock): Promise<ProcessReport> {
  const { name } = spec;
  const found = await running(cluster, name);
  if (!found) return { name, health: 'not running' };
  const [memory, answer] = await Promise.all([residentBytes(found.pid), health ? health(spec) : 'cannot be asked without certificates']);
  return {
    name,
    pid: found.pid,
    uptimeMs: clock.now() - found.startedAt,
    ...(memory !== undefined && { residentBytes: memory }),
    health: answer,
  };
}

async function reportContainerd({ dataDir }: Cluster, clock: Clock): Promise<ProcessReport> {
  const directory = clusterPaths(dataDir).containerd;
  const paths = containerdPaths(directory);
  const pid = await runningContainerd(directory);
  if (pid === undefined) return { name: 'containerd', health: 'not running' };
  const [memory, answering, { mtimeMs }] = await Promise.all([residentBytes(pid), answers(paths.socket), stat(paths.pid)]);
  return {
    name: 'containerd',
    pid,
    uptimeMs: clock.now() - mtimeMs,
    ...(memory !== undefined && { residentBytes: memory }),
    health: answering ? 'ok' : 'nobody listens',
  };
}

/** The table of `npm run status`. */
export function renderReport(reports: readonly ProcessReport[]): string {
  const rows = reports.map(({ name, pid, uptimeMs, residentBytes: memory, health }) => [
    name,
    pid === undefined ? '-' : String(pid),
    uptimeMs === undefined ? '-' : duration(uptimeMs),
    memory === undefined ? '-' : `${Math.round(memory / 2 ** 20)} MiB`,
    health,
  ]);
  const table = [['PROCESS', 'PID', 'UPTIME', 'MEMORY', 'HEALTH'], ...rows];
  const widths = table[0]?.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0))) ?? [];
  return table
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('   ')
          .trimEnd()}\n`,
    )
    .join('');
}

/** Two units at most, as kubectl writes ages: `45s`, `3m12s`, `5h20m`, `2d4h`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [days, hours, minutes] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60];
  if (days > 0) return `${days}d${hours}h`;
  if (hours > 0) return `${hours}h${minutes}m`;
  return minutes > 0 ? `${minutes}m${seconds % 60}s` : `${seconds}s`;
}
