import { systemClock } from '@keelson/base';
import { addSbin, clusterPaths, keepRunning, launchOne, runContainerd, running, runningContainerd } from '@keelson/deploy-local';
import { loadMachine, machineLayout } from '../machine.ts';
import { servicesFor } from './surroundings.ts';

/*
 * node deploy/kubeadm/src/services/supervisor.ts ROOT
 *
 * Left behind by init and join where there is no systemd: starts again whatever of the machine's processes ends, until it is ended itself.
 */

const clock = systemClock;
const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => stop.abort());
const say = (line: string): void => void process.stdout.write(`${new Date(clock.now()).toISOString()} ${line}\n`);
addSbin();

const machine = await loadMachine(process.argv[2] ?? '/');
if (!machine) throw new Error('nothing was set up here');
const place = { dataDir: machineLayout(machine).data };
const services = await servicesFor(machine);
const starters = new Map<string, () => Promise<unknown>>(services.map((service) => [service.name, () => launchOne(place, service, clock)]));
const containerd = clusterPaths(place.dataDir).containerd;
if (!machine.criSocket) starters.set('containerd', () => runContainerd(place, clock));
await keepRunning({ dataDir: place.dataDir, alive, starters }, { clock, say, signal: stop.signal });
process.exit();

async function alive(): Promise<ReadonlySet<string>> {
  const found = await Promise.all(services.map(({ name }) => running(place, name)));
  const runtime = (await runningContainerd(containerd)) === undefined ? [] : ['containerd'];
  return new Set([...services.filter((_, index) => found[index]).map(({ name }) => name), ...runtime]);
}
