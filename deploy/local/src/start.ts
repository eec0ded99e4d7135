import { startAddons } from './addons/start.ts';
import { type Cluster, planCluster } from './cluster/cluster.ts';
import { loadCluster, saveCluster } from './cluster/file.ts';
import { keepFromProxies } from './cluster/proxies.ts';
import { type Launch, launch } from './launch.ts';
import { freePort, readMachine } from './machine/facts.ts';
import { installPackages } from './machine/packages.ts';
import { preflight } from './machine/preflight.ts';
import type { UpOptions } from './options.ts';
import { stop } from './process/processes.ts';
import { runningNames, specsOf } from './process/running.ts';
import { forget, stopCluster } from './stop.ts';

export interface Started {
  readonly cluster: Cluster;
  /** Names of the processes that this call started; none when all of them ran. */
  readonly started: readonly string[];
  /** `NO_PROXY` as its clients need it; absent where they do well without. */
  readonly noProxy?: string | undefined;
}

/**
 * Starts the cluster of a data directory (an absolute path), or what of it does not run, and resolves when its nodes are ready. What was
 * started is stopped again when that fails. @throws Refusal when the user has to change something; otherwise an error that says which
 * part failed.
 */
export async function startCluster(options: UpOptions, deps: Pick<Launch, 'clock' | 'say' | 'signal'>): Promise<Started> {
  const { clock, say, signal } = deps;
  const before = await loadCluster(options.dataDir);
  const cluster = await planCluster(options, before, await readMachine(options.netns), freePort);
  const noProxy = keepFromProxies(cluster, process.env);
  const alive = await runningNames(cluster);
  const missing = (await specsOf(cluster)).filter(({ name }) => !alive.has(name));
  const containerd = cluster.runtime === 'containerd' && !alive.has('containerd');
  const wantsAddons = (options.addons?.length ?? 0) > 0;
  if (missing.length === 0 && !containerd && !wantsAddons) return { cluster, started: [], noProxy };
  if (!before && cluster.runtime === 'model') say(modelNotice(options, cluster));
  await installPackages(cluster, say);
  await preflight(cluster, alive);
  try {
    await saveCluster(cluster);
    signal.throwIfAborted();
    await launch({ cluster, missing, ...deps });
    await startAddons(cluster, deps);
  } catch (error) {
    if (alive.size === 0) await stopCluster(cluster, clock);
    else await Promise.all(missing.map(({ name }) => stop(cluster, name, clock)));
    if (!before) await forget(cluster);
    throw error;
  }
  return { cluster, started: [...(containerd ? ['containerd'] : []), ...missing.map(({ name }) => name)], noProxy };
}

function modelNotice(options: UpOptions, { nodes }: Cluster): string {
  const where = nodes.length === 1 ? 'the node' : `the ${nodes.length} nodes`;
  return `pods on ${where} are a model of pods${options.runtime ? '' : ', since real ones take root on Linux'}`;
}
