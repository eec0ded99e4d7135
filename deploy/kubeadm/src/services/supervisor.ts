import { readFile } from 'node:fs/promises';
import { silentLogger, systemClock } from '@keelson/base';
import { addSbin, clusterPaths, keepRunning, running, runningContainerd, start, startContainerd } from '@keelson/deploy-local/supervision';
import { type Watched, watchedPath } from './watched.ts';

/*
 * node deploy/kubeadm/src/services/supervisor.ts DATA_DIR
 *
 * Left behind by init and join where there is no systemd: starts again whatever of the machine's processes ends, until it is ended itself.
 */

const clock = systemClock;
const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => stop.abort());
const say = (line: string): void => void process.stdout.write(`${new Date(clock.now()).toISOString()} ${line}\n`);
addSbin();

const dataDir = process.argv[2] ?? '';
const { runtime, services }: Watched = JSON.parse(await readFile(watchedPath(dataDir), 'utf8'));
const containerd = clusterPaths(dataDir).containerd;
const starters = new Map<string, () => Promise<unknown>>(
  services.map(({ name, command }) => [name, () => start({ dataDir }, name, command, clock)]),
);
if (runtime) starters.set('containerd', () => startContainerd({ dataDir: containerd, clock, log: silentLogger }));
await keepRunning({ dataDir, alive, starters }, { clock, say, signal: stop.signal });
process.exit();

async function alive(): Promise<ReadonlySet<string>> {
  const found = await Promise.all(services.map(({ name }) => running({ dataDir }, name)));
  const daemon = runtime && (await runningContainerd(containerd)) !== undefined ? ['containerd'] : [];
  return new Set([...services.filter((_, index) => found[index]).map(({ name }) => name), ...daemon]);
}
