import { applyAddons, buildAddonImages } from '@keelson/addons';
import { errorMessage, type Logger, silentLogger, systemClock } from '@keelson/base';
import { createApi, loadKubeconfig, transportFor } from '@keelson/client';
import { importImages } from '@keelson/deploy-images';
import { loadCluster } from '../cluster/file.ts';
import { clusterPaths } from '../cluster/paths.ts';
import { containerdPaths } from '../containerd/config.ts';
import { addSbin } from '../machine/command.ts';

/*
 * node deploy/local/src/addons/main.ts DATA_DIR
 */

const say = (message: string, fields: unknown = ''): void => console.log(new Date(systemClock.now()).toISOString(), message, fields);
const log: Logger = { ...silentLogger, info: say, warn: say, error: say };

const dataDir = process.argv[2] ?? '';
addSbin();
try {
  await load();
} catch (error) {
  say(`failed: ${errorMessage(error)}`);
  process.exitCode = 1;
}
// Connections that are kept open would keep the program.
process.exit();

async function load(): Promise<void> {
  const cluster = await loadCluster(dataDir);
  if (!cluster) throw new Error(`no cluster in ${dataDir}`);
  const paths = clusterPaths(dataDir);
  const { socket } = containerdPaths(paths.containerd);
  const api = createApi(transportFor(loadKubeconfig(paths.adminKubeconfig)), { clock: systemClock });
  // One after the other: the first need not wait for the last.
  for (const name of cluster.addons) {
    // A pod that finds its image on the node needs no registry: objects come second.
    for (const ref of await importImages(socket, await buildAddonImages([name], log))) say(`loaded ${ref}`);
    await applyAddons(api, [name]);
    say(`applied ${name}`);
  }
}
