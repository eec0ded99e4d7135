import { resolve } from 'node:path';
import { systemClock } from '@keelson/base';
import { loadCluster } from './cluster/file.ts';
import { keepFromProxies } from './cluster/proxies.ts';
import { parseStatus } from './options.ts';
import { renderReport, reportOn } from './report.ts';

/*
 * npm run status [-- --data-dir DIR]
 */

const dataDir = resolve(parseStatus(process.argv.slice(2)).dataDir);
const cluster = await loadCluster(dataDir);
if (cluster) {
  keepFromProxies(cluster, process.env);
  const reports = await reportOn(cluster, systemClock);
  process.stdout.write(renderReport(reports));
  process.exitCode = reports.every(({ health }) => health === 'ok') ? 0 : 1;
} else {
  process.stderr.write(`there is no cluster in ${dataDir}: start one with npm run up\n`);
  process.exitCode = 1;
}
// Connections that are kept open would keep the program.
process.exit();
