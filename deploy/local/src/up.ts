import { relative, resolve } from 'node:path';
import { errorMessage, systemClock } from '@keelson/base';
import { clusterPaths } from './cluster/paths.ts';
import { addSbin } from './machine/command.ts';
import { parseUp } from './options.ts';
import { type Started, startCluster } from './start.ts';
import { supervise } from './supervise.ts';

/*
 * npm run up [-- FLAGS]
 */

const clock = systemClock;
const begin = clock.now();
const seconds = (): string => `${((clock.now() - begin) / 1000).toFixed(1)} s`;
const print = (text: string): void => void process.stdout.write(`${text}\n`);
const say = (line: string): void => print(`${seconds().padStart(8)}  ${line}`);

const given = parseUp(process.argv.slice(2));
const options = { ...given, dataDir: resolve(given.dataDir) };
const stop = new AbortController();
// A terminal, npm and the program that brought Node may each pass one on: more than one means no more than one.
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => stop.abort(new Error(`stopped by ${name}`)));
addSbin();

try {
  const started = await startCluster(options, { clock, say, signal: stop.signal });
  print(summary(started));
  if (options.foreground) await supervise(started.cluster, { clock, say, signal: stop.signal });
} catch (error) {
  process.stderr.write(`up: ${errorMessage(error)}\n`);
  process.exitCode = 1;
}
// Connections that are kept open would keep the program.
process.exit();

function summary({ cluster, started, noProxy }: Started): string {
  const { dataDir, nodes } = cluster;
  const from = (path: string): string => relative('.', path);
  const flag = given.dataDir === '.cluster' ? '' : ` -- --data-dir ${given.dataDir}`;
  const head =
    started.length === 0
      ? `The cluster in ${from(dataDir)} runs already.`
      : `Ready in ${seconds()}: Kubernetes v1.36 on ${nodes.length === 1 ? '1 node' : `${nodes.length} nodes`}.`;
  return [
    '',
    head,
    '',
    `  export KUBECONFIG=${clusterPaths(dataDir).adminKubeconfig}`,
    ...(noProxy === undefined ? [] : [`  export NO_PROXY=${noProxy}`]),
    '  npx kubectl get nodes',
    '  npx kubectl apply -f examples/hello/',
    '',
    `How it does: npm run status${flag}   Stop it: npm run down${flag}`,
  ].join('\n');
}
