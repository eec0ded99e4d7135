import { readFile, rm } from 'node:fs/promises';
import { type Cluster, Refusal } from '../cluster/cluster.ts';
import { loadCluster, replaceFile } from '../cluster/file.ts';
import { clusterPaths } from '../cluster/paths.ts';
import { containerdPaths } from '../containerd/config.ts';
import { runningNames } from '../process/running.ts';
import { isFree } from './facts.ts';

/** What can be known to go wrong before anything is started. @throws Refusal */
export async function preflight(cluster: Cluster, alreadyRunning: ReadonlySet<string>): Promise<void> {
  const { dataDir, netns, ports, runtime } = cluster;
  if (runtime === 'containerd') {
    const { socket } = containerdPaths(clusterPaths(dataDir).containerd);
    // The kernel's limit is 107, and containerd adds `.ttrpc` to the name of a second socket.
    if (socket.length > 100) throw new Refusal(`the data directory's path is too long for a unix socket below it: ${dataDir}`);
  }
  if (netns) {
    if (process.getuid?.() !== 0) throw new Refusal('--netns takes root: use sudo, or leave it out');
    return;
  }
  if (!alreadyRunning.has('kube-apiserver') && !(await isFree(ports.api))) {
    throw new Refusal(`port ${ports.api} is in use: stop what listens there, or make the cluster with another one, npm run up -- --port N`);
  }
  if (runtime === 'containerd') await takeHostNetwork(dataDir);
}

// Two kube-proxies and two bridges of one name cannot share a network namespace.
const claim = '/run/keelson/host-network.json';

/** Makes the machine's own network this cluster's. @throws Refusal when a cluster that runs has it. */
async function takeHostNetwork(dataDir: string): Promise<void> {
  const owner = await hostNetworkOwner();
  if (owner !== undefined && owner !== dataDir) {
    const other = await loadCluster(owner).catch(() => undefined);
    if (other && (await runningNames(other)).size > 0) {
      throw new Refusal(
        `the cluster in ${owner} uses this machine's network: stop it, or give this one a network of its own with --netns NAME`,
      );
    }
  }
  await replaceFile(claim, `${JSON.stringify({ dataDir })}\n`);
}

/** Gives the machine's network back, if it was this cluster's. */
export async function leaveHostNetwork(dataDir: string): Promise<void> {
  if ((await hostNetworkOwner()) === dataDir) await rm(claim, { force: true });
}

async function hostNetworkOwner(): Promise<string | undefined> {
  const text = await readFile(claim, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as { dataDir: string }).dataDir;
}
