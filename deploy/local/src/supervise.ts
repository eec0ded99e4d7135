import type { Cluster } from './cluster/cluster.ts';
import { runContainerd } from './node.ts';
import { keepRunning, type Supervision } from './process/keep-running.ts';
import { launchOne } from './process/launch-one.ts';
import { runningNames, specsOf } from './process/running.ts';
import { stopCluster } from './stop.ts';

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
