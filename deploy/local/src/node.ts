import { mkdir, rm, statfs, symlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Clock, type Logger, silentLogger } from '@keelson/base';
import { buildImages, importImages } from '@keelson/deploy-images';
import { type Cluster, Refusal } from './cluster/cluster.ts';
import { clusterPaths } from './cluster/paths.ts';
import { containerdConfig, containerdPaths, containerdVersion, shareMounts, startContainerd } from './containerd/index.ts';
import { cniDirectory } from './machine/packages.ts';
import { logOf, type Place } from './process/processes.ts';

/** What the images of `deploy/images` call the sandbox container's. */
const pauseImage = 'registry.k8s.io/pause:3.10.2';

/** Starts the cluster's private containerd, if it does not run, and resolves to its socket once it answers. */
export async function runContainerd({ dataDir, netns }: Place, clock: Clock): Promise<string> {
  const config = await containerdConfigFor(dataDir);
  await linkLog(dataDir);
  const shared = { dataDir: clusterPaths(dataDir).containerd, netns: netns?.name };
  const { socket } = await startContainerd({ ...shared, config, clock, log: silentLogger });
  return socket;
}

/** The configuration of the private containerd of a data directory, for what this machine has. @throws Refusal without CNI plugins. */
export async function containerdConfigFor(dataDir: string): Promise<string> {
  const { containerd, cni } = clusterPaths(dataDir);
  const [version, cniBinDir, snapshotter] = await Promise.all([containerdVersion(), cniDirectory(), snapshotterFor(dataDir)]);
  if (cniBinDir === undefined) throw new Refusal('the CNI plugins are missing: install the package containernetworking-plugins');
  return containerdConfig({ dataDir: containerd, cniBinDir, cniConfDir: cni, pauseImage, version, snapshotter });
}

const overlayMagic = 0x794c7630;

/** Overlays cannot be laid over an overlay, which is what containers' own file systems are. */
async function snapshotterFor(dataDir: string): Promise<'overlayfs' | 'native'> {
  return (await statfs(dataDir)).type === overlayMagic ? 'native' : 'overlayfs';
}

/** Its log lies with its other files; it is found where all logs are. */
async function linkLog(dataDir: string): Promise<void> {
  const link = logOf(dataDir, 'containerd');
  await mkdir(dirname(link), { recursive: true });
  await rm(link, { force: true });
  await symlink(containerdPaths(clusterPaths(dataDir).containerd).log, link);
}

/** Puts the images that Keelson brings along on the node. */
export async function loadImages({ dataDir }: Place, socket: string, log: Logger): Promise<void> {
  await importImages(socket, await buildImages(clusterPaths(dataDir).images, log));
}

/** Makes the kubelet's directories: of static pods, and its own, below which mounts travel between the machine and its pods. */
export async function makeKubeletDirectories({ dataDir }: Cluster): Promise<void> {
  const { manifests, kubelets } = clusterPaths(dataDir);
  for (const directory of [manifests, kubelets]) await mkdir(directory, { recursive: true });
  await shareMounts(kubelets);
}
