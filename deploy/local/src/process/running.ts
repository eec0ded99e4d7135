import { readFile } from 'node:fs/promises';
import type { Cluster } from '../cluster/cluster.ts';
import { clusterPaths } from '../cluster/paths.ts';
import { runningContainerd } from '../containerd/containerd.ts';
import { type ProcessSpec, processesOf, type Surroundings } from './commands.ts';
import { running } from './processes.ts';

/** Where resolvers are listed that a pod can reach: systemd's stub listens on a loopback address of the machine only. */
export async function surroundings(): Promise<Surroundings> {
  const text = await readFile('/etc/resolv.conf', 'utf8').catch(() => '');
  return { resolvConf: /^nameserver\s+127\.0\.0\.53\s*$/m.test(text) ? '/run/systemd/resolve/resolv.conf' : '/etc/resolv.conf' };
}

/** The processes that a cluster should have. */
export async function specsOf(cluster: Cluster): Promise<readonly ProcessSpec[]> {
  return processesOf(cluster, await surroundings());
}

/** Which of them run, by name, `containerd` included. */
export async function runningNames(cluster: Cluster): Promise<Set<string>> {
  const names = (await specsOf(cluster)).map(({ name }) => name);
  const found = await Promise.all(names.map((name) => running(cluster, name)));
  const containerd = cluster.runtime === 'containerd' ? await runningContainerd(clusterPaths(cluster.dataDir).containerd) : undefined;
  return new Set([...names.filter((_, index) => found[index]), ...(containerd === undefined ? [] : ['containerd'])]);
}
