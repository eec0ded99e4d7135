import { createReadStream, createWriteStream } from 'node:fs';
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { type Clock, errorMessage, every, type Logger } from '@keelson/base';
import type { ContainerState, Containers } from '../../cri/types.ts';
import type { PodRecord } from '../../worker/record.ts';

/** `containerLogMaxSize`, `containerLogMaxFiles`. */
export interface LogLimits {
  readonly bytes: number;
  readonly files: number;
}

/** Which of a log's files go when the present one is moved away to `stamp`, oldest first, and which are compressed. Pure. */
export function planRotation(
  log: string,
  present: readonly string[],
  stamp: string,
  files: number,
): { readonly to: string; readonly remove: readonly string[]; readonly compress: readonly string[] } {
  const old = present.filter((name) => name.startsWith(`${log}.`) && !name.endsWith('.tmp')).sort();
  const many = Math.max(0, old.length + 2 - files);
  const compress = old.slice(many).filter((name) => !name.endsWith('.gz'));
  return { to: `${log}.${stamp}`, remove: old.slice(0, many), compress };
}

/** Moves a log that has grown too large aside and has the runtime begin another. Those moved away before are compressed by now. */
export async function rotateLog(containers: Containers, container: ContainerState, limits: LogLimits, now: number): Promise<void> {
  const size = (await stat(container.logPath).catch(() => undefined))?.size ?? 0;
  if (size <= limits.bytes) return;
  const directory = dirname(container.logPath);
  const stamp = new Date(now).toISOString().replace(/\D/g, '').slice(0, 14);
  const { to, remove, compress } = planRotation(
    basename(container.logPath),
    await readdir(directory),
    `${stamp.slice(0, 8)}-${stamp.slice(8)}`,
    limits.files,
  );
  for (const name of remove) await rm(join(directory, name), { force: true });
  for (const name of compress) await gzip(join(directory, name));
  await rename(container.logPath, join(directory, to));
  await containers.reopenLog(container.id);
}

/** Leaves `FILE.gz` in the place of a file. */
async function gzip(file: string): Promise<void> {
  const half = `${file}.tmp`;
  await pipeline(createReadStream(file), createGzip(), createWriteStream(half));
  await rename(half, `${file}.gz`);
  await rm(file);
}

const checkEvery = 10_000;

/** Looks at the logs of running containers every ten seconds, until aborted. */
export function keepLogsSmall(
  containers: Containers,
  pods: () => readonly PodRecord[],
  limits: LogLimits,
  clock: Clock,
  signal: AbortSignal,
  log: Logger,
): Promise<void> {
  const round = async (): Promise<void> => {
    for (const record of pods()) {
      for (const container of record.observed.containers)
        if (container.phase === 'running') await rotateLog(containers, container, limits, clock.now());
    }
  };
  return every(clock, checkEvery, signal, round, (error) => log.warn('cannot rotate logs', { error: errorMessage(error) }));
}
