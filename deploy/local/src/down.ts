import { resolve } from 'node:path';
import { errorMessage, systemClock } from '@keelson/base';
import { loadCluster } from './cluster/file.ts';
import { addSbin } from './machine/command.ts';
import { parseDown } from './options.ts';
import { purge, stopCluster } from './stop.ts';

/*
 * npm run down [-- --data-dir DIR] [--purge]
 */

const options = parseDown(process.argv.slice(2));
const dataDir = resolve(options.dataDir);
addSbin();
try {
  const cluster = await loadCluster(dataDir);
  if (cluster) {
    await stopCluster(cluster, systemClock);
    if (options.purge) await purge(cluster);
    process.stdout.write(options.purge ? `stopped, and removed ${dataDir}\n` : `stopped; its objects are kept in ${dataDir}\n`);
  } else {
    process.stdout.write(`there is no cluster in ${dataDir}\n`);
  }
} catch (error) {
  process.stderr.write(`down: ${errorMessage(error)}\n`);
  process.exitCode = 1;
}
