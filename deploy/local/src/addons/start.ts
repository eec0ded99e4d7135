import { join } from 'node:path';
import type { Cluster } from '../cluster/cluster.ts';
import type { Launch } from '../launch.ts';
import { start, stop } from '../process/processes.ts';

/** Names its log. It ends when the addons' objects are there. */
export const addonsProcess = 'addons';

/**
 * Leaves a process behind that puts the addons' images on the node and applies their objects: a hundred megabytes take longer than all
 * the rest of a start, and nobody has to wait for them.
 */
export async function startAddons(cluster: Cluster, { clock, say }: Pick<Launch, 'clock' | 'say'>): Promise<void> {
  if (cluster.addons.length === 0) return;
  await stop(cluster, addonsProcess, clock);
  await start(cluster, addonsProcess, [process.execPath, join(import.meta.dirname, 'main.ts'), cluster.dataDir], clock);
  say(`addons are on their way: ${cluster.addons.join(', ')}`);
}
