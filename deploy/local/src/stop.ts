import { access, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Clock, errorMessage, silentLogger } from '@keelson/base';
import { GrpcRuntime } from '@keelson/kubelet/cri';
import { defaultBridge, teardown } from '@keelson/kubelet/network';
import { bundlePath } from '../../../tools/bundle.ts';
import { addonsProcess } from './addons/start.ts';
import type { Cluster } from './cluster/cluster.ts';
import { clusterPaths } from './cluster/paths.ts';
import { removeEverything, unmountBeneath } from './containerd/index.ts';
import { runWithin } from './machine/command.ts';
import { leaveHostNetwork } from './machine/preflight.ts';
import { removeNetns } from './netns/netns.ts';
import { cgroupOf } from './process/commands.ts';
import { stop } from './process/processes.ts';
import { specsOf } from './process/running.ts';

/**
 * Stops every process of a cluster, and removes its pods, mounts, cgroups, network namespace, interfaces and rules. Its files stay, and
 * with them its objects. Fine for a cluster of which only parts are left. @throws AggregateError of what could not be removed.
 */
export async function stopCluster(cluster: Cluster, clock: Clock): Promise<void> {
  const names = (await specsOf(cluster)).map(({ name }) => name);
  const end = (which: readonly string[]): Promise<unknown> => Promise.all(which.map((name) => stop(cluster, name, clock)));
  const stores = ['kube-apiserver', 'etcd'];
  const problems: unknown[] = [];
  const attempt = (step: Promise<unknown>): Promise<unknown> => step.catch((error: unknown) => problems.push(error));
  // Agents first, or they would put back what is being removed.
  await attempt(end([addonsProcess, ...names.filter((name) => !stores.includes(name))]));
  const server = end(names.filter((name) => name === 'kube-apiserver')).then(() => end(names.filter((name) => name === 'etcd')));
  await Promise.all([attempt(server), cluster.runtime === 'containerd' ? attempt(removePods(cluster, clock)) : undefined]);
  if (cluster.runtime === 'containerd') await attempt(removeNetwork(cluster));
  if (cluster.netns) await attempt(removeNetns(cluster.netns));
  if (problems.length > 0) throw new Error(`not everything could be removed: ${problems.map(errorMessage).join('; ')}`);
}

async function removePods({ dataDir, netns, name }: Cluster, clock: Clock): Promise<void> {
  const options = { dataDir: clusterPaths(dataDir).containerd, cgroupParent: cgroupOf({ name }), netns: netns?.name };
  const open = (socket: string): GrpcRuntime => new GrpcRuntime({ socket, clock });
  await removeEverything({ ...options, open, clock, log: silentLogger });
  await unmountBeneath(dataDir);
}

/** What pods and services left in a network namespace that goes on without the cluster. */
async function removeNetwork(cluster: Cluster): Promise<void> {
  const { dataDir, netns, nodes } = cluster;
  const paths = clusterPaths(dataDir);
  const ipamDir = join(paths.kubelet(nodes[0] ?? ''), 'kubenet');
  if (netns?.made) return rm(ipamDir, { recursive: true, force: true });
  await teardown({ confDir: paths.cni, ipamDir, bridge: defaultBridge }, (file, args) => runWithin(netns?.name, [file, ...args]));
  const proxy = bundlePath('kube-proxy');
  const bundled = await access(proxy).then(
    () => true,
    () => false,
  );
  if (bundled) await runWithin(netns?.name, [process.execPath, proxy, '--cleanup']);
  if (!netns) await leaveHostNetwork(dataDir);
}

/** Removes all files of a stopped cluster; whatever else lies in its data directory stays, and so does the directory then. */
export async function purge(cluster: Cluster): Promise<void> {
  const { logs, images } = clusterPaths(cluster.dataDir);
  await forget(cluster);
  await Promise.all([logs, images].map(remove));
  await rmdir(cluster.dataDir).catch(() => undefined);
}

/** As `purge`, but leaves what tells why it did not start, and what would only be made again. */
export async function forget({ dataDir }: Cluster): Promise<void> {
  const { adminKubeconfig, pki, kubeconfigs, run, database, containerd, cni, manifests, kubelets, cluster } = clusterPaths(dataDir);
  await unmountBeneath(dataDir);
  await Promise.all([adminKubeconfig, pki, kubeconfigs, run, dirname(database), containerd, cni, manifests, kubelets].map(remove));
  // Last: as long as it is there, this can be tried again.
  await remove(cluster);
}

function remove(path: string): Promise<void> {
  return rm(path, { recursive: true, force: true });
}
