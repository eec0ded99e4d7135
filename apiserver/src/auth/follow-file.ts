import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type Clock, errorMessage, every, type Logger } from '@keelson/base';
import { Counter, Gauge, type Registry } from 'prom-client';

/** Milliseconds between looks at a file. */
const interval = 60_000;

export interface FileFollower {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Registry;
  readonly signal: AbortSignal;
}

/** A configuration file, and what of the server it configures, as the metrics' names have it. */
export interface FollowedFile {
  readonly path: string;
  /** What it held when it was read first. */
  readonly text: string;
  readonly subject: 'authentication' | 'authorization';
}

/**
 * Calls `apply` with the file's content whenever it changes. What `apply` throws is logged and counted, and what held before holds on.
 */
export function followFile(
  { path, text, subject }: FollowedFile,
  { clock, log, metrics, signal }: FileFollower,
  apply: (text: string) => Promise<void> | void,
): void {
  const count = createReloadMetrics(subject, metrics, clock);
  let known = digest(text);
  const look = async (): Promise<void> => {
    try {
      const content = await readFile(path, 'utf8');
      const found = digest(content);
      if (found === known) return;
      known = found;
      await apply(content);
      log.info(`${subject} configuration reloaded`, { path });
      count('success');
    } catch (error) {
      log.error(`${subject} configuration not reloaded: what held before holds on`, { path, err: errorMessage(error) });
      count('failure');
    }
  };
  void every(clock, interval, signal, look, () => undefined);
}

function createReloadMetrics(subject: string, registry: Registry, clock: Clock): (status: string) => void {
  const prefix = `apiserver_${subject}_config_controller_automatic_reload`;
  const common = { labelNames: ['status'], registers: [registry] };
  const help = `automatic reloads of ${subject} configuration split by status.`;
  const total = new Counter({ ...common, name: `${prefix}s_total`, help: `Total number of ${help}` });
  const last = new Gauge({ ...common, name: `${prefix}_last_timestamp_seconds`, help: `Timestamp of the last ${help}` });
  return (status) => {
    total.inc({ status });
    last.set({ status }, clock.now() / 1000);
  };
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}
