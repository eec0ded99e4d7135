import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Clock, sleep } from '@keelson/base';
import {
  answers,
  clusterPaths,
  commandOf,
  containerdConfigFor,
  containerdPaths,
  exists,
  lastWords,
  launchOne,
  replaceFile,
  run,
  runContainerd,
  running,
  start,
  stop,
} from '@keelson/deploy-local';
import type { Service } from './plan.ts';
import { renderUnit, unitName } from './units.ts';
import { type Watched, watchedPath } from './watched.ts';

/** Who runs a machine's processes. */
export interface ServiceHost {
  /** Starts the private container runtime and resolves to its socket once it answers. */
  startRuntime(): Promise<string>;
  start(service: Service): Promise<void>;
  isAlive(name: string): Promise<boolean>;
  /** Ends a process and forgets it; fine when there is none. */
  stop(name: string): Promise<void>;
  /** From now on whatever of these ends is started again, and the private container runtime too, where there is one. */
  keepRunning(services: readonly Service[], runtime: boolean): Promise<void>;
  /** How a process is started: the file that says so, what it says now, if it does, and what it would say for this service. */
  definition(service: Service): Promise<Definition>;
  /** The last line of its log. */
  lastWords(name: string): Promise<string>;
}

export interface Definition {
  readonly path: string;
  readonly current: string | undefined;
  readonly wanted: string;
}

export const runtimeName = 'containerd';

/** systemd where it runs, for the machine itself; else a supervisor of our own. */
export async function serviceHost(root: string, dataDir: string, clock: Clock): Promise<ServiceHost> {
  const systemd = root === '/' && (await exists('/run/systemd/system'));
  return systemd ? systemdHost(dataDir, clock) : localHost(dataDir, clock);
}

/** Names the supervisor's log. */
export const supervisorName = 'supervisor';

function localHost(dataDir: string, clock: Clock): ServiceHost {
  const place = { dataDir };
  const supervisor = [process.execPath, '--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'supervisor.ts'), dataDir];
  return {
    startRuntime: () => runContainerd(place, clock),
    start: (service) => launchOne(place, service, clock),
    isAlive: async (name) => (await running(place, name)) !== undefined,
    stop: (name) => stop(place, name, clock),
    async keepRunning(services, runtime) {
      const watched: Watched = { runtime, services: services.map((service) => ({ name: service.name, command: commandOf(service) })) };
      await replaceFile(watchedPath(dataDir), JSON.stringify(watched));
      await start(place, supervisorName, supervisor, clock);
    },
    async definition(service) {
      const path = watchedPath(dataDir);
      const watched = await readText(path);
      const { services = [] } = watched === undefined ? {} : (JSON.parse(watched) as Watched);
      const lines = (command: readonly string[]): string => command.map((word) => `${word}\n`).join('');
      const current = services.find(({ name }) => name === service.name)?.command;
      return { path, current: current && lines(current), wanted: lines(commandOf(service)) };
    },
    lastWords: (name) => lastWords(dataDir, name, 1),
  };
}

const units = '/etc/systemd/system';
const pollMs = 50;

function systemdHost(dataDir: string, clock: Clock): ServiceHost {
  const systemctl = (...args: string[]): Promise<string> => run('systemctl', args);
  const begin = async (name: string, command: readonly string[]): Promise<void> => {
    await replaceFile(join(units, unitName(name)), unitText(name, command));
    await systemctl('daemon-reload');
    await systemctl('enable', '--now', unitName(name));
  };
  return {
    async startRuntime() {
      const { config, socket } = containerdPaths(clusterPaths(dataDir).containerd);
      await mkdir(dirname(config), { recursive: true });
      await writeFile(config, await containerdConfigFor(dataDir));
      const program = (await run('sh', ['-c', 'command -v containerd'])).trim();
      await begin(runtimeName, [program, '--config', config]);
      while (!(await answers(socket))) await sleep(clock, pollMs);
      return socket;
    },
    start: (service) => begin(service.name, commandOf(service)),
    isAlive: (name) => systemctl('is-active', unitName(name)).then(yes, no),
    async stop(name) {
      if (!(await exists(join(units, unitName(name))))) return;
      await systemctl('disable', '--now', unitName(name));
      await rm(join(units, unitName(name)), { force: true });
      await systemctl('daemon-reload');
    },
    // It does so from the beginning.
    keepRunning: async () => undefined,
    async definition(service) {
      const path = join(units, unitName(service.name));
      return { path, current: await readText(path), wanted: unitText(service.name, commandOf(service)) };
    },
    lastWords: (name) => run('journalctl', ['--unit', unitName(name), '--lines', '1', '--output', 'cat']).catch(() => ''),
  };
}

function unitText(name: string, command: readonly string[]): string {
  const after = name === runtimeName ? [] : [unitName(runtimeName)];
  return renderUnit({ description: `Keelson: ${name}`, command, after, delegate: name === runtimeName || name === 'kubelet' });
}

/** Undefined where there is no such file. */
function readText(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined);
}

const yes = (): boolean => true;
const no = (): boolean => false;
