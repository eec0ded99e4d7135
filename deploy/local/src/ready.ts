import { type Clock, sleep } from '@keelson/base';
import { createApi, loadKubeconfig, transportFor } from '@keelson/client';
import { Node } from '@keelson/types';
import type { Cluster } from './cluster/cluster.ts';
import { clusterPaths } from './cluster/paths.ts';
import type { ProcessSpec } from './process/commands.ts';
import type { Health } from './process/health.ts';
import { lastWords, running } from './process/processes.ts';

const pollMs = 20;

/** Resolves once a process says it is well. Rejects when the signal aborts. */
export async function untilHealthy(spec: ProcessSpec, health: Health, clock: Clock, signal: AbortSignal): Promise<void> {
  while ((await health(spec)) !== 'ok') await sleep(clock, pollMs, signal);
}

/**
 * Resolves once every node is `Ready` by the word of a kubelet that runs now: what its predecessor said may stand for a while. `since`:
 * when each node's kubelet was started, in milliseconds. Rejects when the signal aborts.
 */
export async function untilNodesReady(
  cluster: Cluster,
  since: ReadonlyMap<string, number>,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const transport = transportFor(loadKubeconfig(clusterPaths(cluster.dataDir).adminKubeconfig));
  const api = createApi(transport, { clock });
  const missing = new Set(since.keys());
  try {
    while (missing.size > 0) {
      for await (const { type, object } of api.watch(Node, { signal })) {
        const name = object.metadata?.name ?? '';
        const started = since.get(name);
        if (started === undefined) continue;
        if (type !== 'DELETED' && isReady(object, started)) missing.delete(name);
        else missing.add(name);
        if (missing.size === 0) return;
      }
      signal.throwIfAborted();
    }
  } finally {
    transport.close();
  }
}

/** Whether a node says so itself, at `since` or later. Times in objects have whole seconds. */
export function isReady({ status }: Node, since: number): boolean {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  return ready?.status === 'True' && Date.parse(ready.lastHeartbeatTime ?? '') >= Math.floor(since / 1000) * 1000;
}

const watchMs = 100;

/** Rejects as soon as one of the processes has ended, with the end of its log, or the signal aborts; never resolves. */
export async function untilOneEnds(
  cluster: Pick<Cluster, 'dataDir'>,
  names: readonly string[],
  clock: Clock,
  signal: AbortSignal,
): Promise<never> {
  for (;;) {
    signal.throwIfAborted();
    for (const name of names) {
      if (!(await running(cluster, name))) throw new Error(`${name} ended:\n${await lastWords(cluster.dataDir, name)}`);
    }
    await sleep(clock, watchMs, signal);
  }
}
