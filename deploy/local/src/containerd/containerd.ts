import { execFile, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import { type Clock, type Logger, sleep } from '@keelson/base';
import { identify } from '../process/identity.ts';
import { type ContainerdPaths, containerdPaths } from './config.ts';
import { keepInMemory } from './mounts.ts';
import { commandLine, endProcess } from './processes.ts';

export interface StartContainerd {
  /** Absolute. Everything of this containerd lies beneath it. */
  readonly dataDir: string;
  /** The text of `containerdConfig`; the one written before, when absent. */
  readonly config?: string;
  /** Name of the network namespace (beneath /run/netns) that it and its pods' bridge live in. */
  readonly netns?: string | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface Containerd {
  readonly pid: number;
  /** Absolute path of the unix socket. */
  readonly socket: string;
  /** Ends the daemon only; pods go on. */
  stop(): Promise<void>;
}

const startTimeoutMs = 20_000;
const pollMs = 10;

/** The version of the containerd on the PATH, such as `1.6.20`. @throws when there is none. */
export async function containerdVersion(): Promise<string> {
  const { stdout } = await promisify(execFile)('containerd', ['--version']);
  return /\bv?(\d+\.\d+\.\d+)/.exec(stdout)?.[1] ?? '0.0.0';
}

/**
 * Starts a private containerd that outlives this process, and resolves when its socket accepts connections. One that runs already is
 * taken as it is. @throws when it ends or does not answer in 20 s, with the last lines it logged.
 */
export async function startContainerd({ dataDir, config, netns, clock, log }: StartContainerd): Promise<Containerd> {
  const paths = containerdPaths(dataDir);
  const running = await runningContainerd(dataDir);
  if (running !== undefined && (await becomesReady(running, paths, clock))) {
    log.debug('containerd runs already', { pid: running });
    return handle(running, paths, clock);
  }
  await mkdir(dataDir, { recursive: true });
  await keepInMemory(paths.state);
  if (config !== undefined) await writeFile(paths.config, config);
  const pid = launch(paths, netns);
  await writeFile(paths.pid, `${pid}\n`);
  if (!(await becomesReady(pid, paths, clock))) {
    await endProcess(pid, clock);
    throw new Error(`containerd did not start:\n${await lastLines(paths.log)}`);
  }
  log.debug('containerd started', { pid, socket: paths.socket });
  return handle(pid, paths, clock);
}

/** Whether its socket answers before it ends or the time is over. */
async function becomesReady(pid: number, paths: ContainerdPaths, clock: Clock): Promise<boolean> {
  const deadline = clock.now() + startTimeoutMs;
  while (!(await answers(paths.socket))) {
    // Between fork and exec a process has no command line: only its state tells that it ended.
    if ((await identify(pid)) === undefined || clock.now() > deadline) return false;
    await sleep(clock, pollMs);
  }
  return true;
}

/** The process id of the containerd that `startContainerd` left running with this data directory. */
export async function runningContainerd(dataDir: string): Promise<number | undefined> {
  const paths = containerdPaths(dataDir);
  const pid = Number(await readFile(paths.pid, 'utf8').catch(() => ''));
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  return (await commandLine(pid))?.includes(paths.config) ? pid : undefined;
}

function launch(paths: ContainerdPaths, netns: string | undefined): number {
  const command = ['containerd', '--config', paths.config];
  // `ip netns exec` would remount /sys and hide the cgroups.
  const [file = '', ...args] = netns === undefined ? command : ['nsenter', `--net=/run/netns/${netns}`, ...command];
  const log = openSync(paths.log, 'a');
  try {
    const child = spawn(file, args, { detached: true, stdio: ['ignore', log, log] });
    child.on('error', () => undefined);
    child.unref();
    if (child.pid === undefined) throw new Error(`${file} could not be started: is it installed?`);
    return child.pid;
  } finally {
    closeSync(log);
  }
}

function handle(pid: number, paths: ContainerdPaths, clock: Clock): Containerd {
  const stop = async (): Promise<void> => {
    await endProcess(pid, clock);
    await rm(paths.pid, { force: true });
  };
  return { pid, socket: paths.socket, stop };
}

/** Whether anything accepts connections on that unix socket. */
export function answers(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(socket);
    const finish = (result: boolean): void => {
      connection.destroy();
      resolve(result);
    };
    connection.on('connect', () => finish(true)).on('error', () => finish(false));
  });
}

async function lastLines(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text.trimEnd().split('\n').slice(-5).join('\n');
}
