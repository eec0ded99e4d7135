import { type Clock, sleep } from '@keelson/base';
import { createApi, loadKubeconfig, transportFor } from '@keelson/client';
import { Node } from '@keelson/types';
import type { Cluster } from './cluster/cluster.ts';
import { clusterPaths } from './cluster/paths.ts';
import { lastWords, running } from './process/processes.ts';
import { type Health } from './process/health.ts';
import type { ProcessSpec } from './process/commands.ts';

const pollMs = 20;

/** Resolves once a process says it is well. Rejects when the signal aborts. */
export async function untilHealthy(spec: ProcessSpec, health: Health, clock: Clock, signal: AbortSignal): Promise<void> {
  while ((await health(spec)) !== 'ok') await sleep(clock, pollMs, signal);
}

/** Resolves once every node of the cluster is `Ready`. Rejects when the signal aborts. */
export async function untilNodesReady({ dataDir, nodes }: Cluster, clock: Clock, signal: AbortSignal): Promise<void> {
  const transport = transportFor(loadKubeconfig(clusterPaths(dataDir).adminKubeconfig));
  const api = createApi(transport, { clock });
  const missing = new Set(nodes);
  try {
    while (missing.size > 0) {
      for await (const { type, object } of api.watch(Node, { signal })) {
        const name = object.metadata?.name ?? '';
        const ready = type !== 'DELETED' && object.status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True');
        if (ready) missing.delete(name);
        else if (nodes.includes(name)) missing.add(name);
        if (missing.size === 0) return;
      }
      signal.throwIfAborted();
    }
  } finally {
    transport.close();
  }
}

const watchMs = 100;

/** Rejects as soon as one of the processes has ended, with the end of its log; never resolves before the signal aborts. */
export async function untilOneEnds(
  cluster: Cluster,
  names: readonly string[],
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    for (const name of names) {
      if (!(await running(cluster, name))) throw new Error(`${name} ended:\n${await lastWords(cluster.dataDir, name)}`);
    }
    await sleep(clock, watchMs, signal).catch(() => undefined);
  }
}
