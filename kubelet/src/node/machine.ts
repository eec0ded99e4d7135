import { readdir, readFile, statfs } from 'node:fs/promises';
import { arch, availableParallelism, release } from 'node:os';
import type { MachineFacts } from './facts.ts';

/** Reads the facts of this machine; what cannot be read is left empty. `root`: whose file system counts as ephemeral storage. */
export async function readMachine(root: string): Promise<MachineFacts> {
  const [machineID, systemUUID, bootID, os, memory, disk, hugepages, appArmor] = await Promise.all([
    text('/etc/machine-id'),
    text('/sys/class/dmi/id/product_uuid'),
    text('/proc/sys/kernel/random/boot_id'),
    text('/etc/os-release'),
    readMemory(),
    statfs(root).catch(() => undefined),
    readHugepages(),
    text('/sys/module/apparmor/parameters/enabled'),
  ]);
  return {
    machineID,
    systemUUID: systemUUID || machineID,
    bootID,
    kernelVersion: release(),
    osImage: /^PRETTY_NAME="?(.*?)"?$/m.exec(os)?.[1] ?? 'Linux',
    architecture: arch() === 'x64' ? 'amd64' : arch(),
    cpus: availableParallelism(),
    memoryBytes: memory.total,
    diskBytes: disk ? disk.blocks * disk.bsize : 0,
    hugepages,
    appArmor: appArmor === 'Y',
  };
}

/** Bytes by /proc/meminfo. */
export async function readMemory(): Promise<{ readonly total: number; readonly available: number }> {
  const info = await text('/proc/meminfo');
  const field = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(info)?.[1] ?? 0) * 1024;
  return { total: field('MemTotal'), available: field('MemAvailable') };
}

async function readHugepages(): Promise<Record<string, number>> {
  const base = '/sys/kernel/mm/hugepages';
  const result: Record<string, number> = {};
  for (const name of await readdir(base).catch(() => [])) {
    const kilobytes = Number(/^hugepages-(\d+)kB$/.exec(name)?.[1] ?? 0);
    const count = Number((await text(`${base}/${name}/nr_hugepages`)) || 0);
    const size = kilobytes >= 2 ** 20 ? `${kilobytes / 2 ** 20}Gi` : `${kilobytes / 2 ** 10}Mi`;
    if (kilobytes > 0) result[`hugepages-${size}`] = count * kilobytes * 1024;
  }
  return result;
}

async function text(path: string): Promise<string> {
  return (await readFile(path, 'utf8').catch(() => '')).trim();
}
