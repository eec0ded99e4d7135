import { Backoff, type Clock, errorMessage, sleep } from '@keelson/base';
import type { Cluster } from './cluster/cluster.ts';
import { launchOne } from './launch.ts';
import { runContainerd } from './node.ts';
import { lastWords } from './process/processes.ts';
import { runningNames, specsOf } from './process/running.ts';
import { stopCluster } from './stop.ts';

export interface Supervision {
  readonly clock: Clock;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

const everyMs = 500;

/** What is to run, and how it is started again. */
export interface Supervised {
  readonly dataDir: string;
  /** The names of those that run. */
  alive(): Promise<ReadonlySet<string>>;
  readonly starters: ReadonlyMap<string, () => Promise<unknown>>;
}

/** Starts again, with back-off, whatever of a running cluster ends; stops the cluster when the signal aborts, and resolves then. */
export async function supervise(cluster: Cluster, supervision: Supervision): Promise<void> {
  const { clock, say } = supervision;
  const specs = await specsOf(cluster);
  const starters = new Map<string, () => Promise<unknown>>(specs.map((spec) => [spec.name, () => launchOne(cluster, spec, clock)]));
  if (cluster.runtime === 'containerd') starters.set('containerd', () => runContainerd(cluster, clock));
  await keepRunning({ dataDir: cluster.dataDir, alive: () => runningNames(cluster), starters }, supervision);
  say('stopping');
  await stopCluster(cluster, clock);
}

/** Starts again, with back-off, whatever ends. Resolves when the signal aborts; what runs goes on. */
export async function keepRunning({ dataDir, alive, starters }: Supervised, { clock, say, signal }: Supervision): Promise<void> {
  const backoff = new Backoff({ initial: 500, max: 30_000, resetAfter: 60_000 }, clock);
  const due = new Map<string, number>();
  while (!signal.aborted) {
    const present = await alive();
    for (const [name, again] of starters) {
      if (present.has(name) || clock.now() < (due.get(name) ?? 0)) continue;
      say(`${name} ended and is started again: ${await lastWords(dataDir, name, 1)}`);
      due.set(name, clock.now() + backoff.next(name));
      await again().catch((error: unknown) => say(`${name} could not be started: ${errorMessage(error)}`));
    }
    await sleep(clock, everyMs, signal).catch(() => undefined);
  }
}
