import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, sleep } from '@keelson/base';
import type { Cluster } from '../cluster/cluster.ts';
import { replaceFile } from '../cluster/file.ts';
import { clusterPaths } from '../cluster/paths.ts';
import { within } from '../machine/command.ts';
import { type Identity, identify, isAlive } from './identity.ts';

/** Where processes keep their logs and what is remembered of them, and the network namespace they are started in. */
export type Place = Pick<Cluster, 'dataDir' | 'netns'>;

/** A process that was started by some `npm run up`. */
export interface Running extends Identity {
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
}

const patienceMs = 10_000;
const pollMs = 10;

/** The process of that name, if it still runs. */
export async function running({ dataDir }: Pick<Cluster, 'dataDir'>, name: string): Promise<Running | undefined> {
  const text = await readFile(fileOf(dataDir, name), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const found: Running = JSON.parse(text);
  return (await isAlive(found)) ? found : undefined;
}

/**
 * Starts a process that outlives this one, in the cluster's network namespace, its output added to its log. @throws when the program
 * cannot be started at all; that it ends later is found by `running`.
 */
export async function start({ dataDir, netns }: Place, name: string, command: readonly string[], clock: Clock): Promise<Running> {
  const paths = clusterPaths(dataDir);
  await mkdir(paths.run, { recursive: true });
  const pid = launch(within(netns?.name, command), logOf(dataDir, name), dataDir);
  const identity = await identify(pid);
  // One that is gone already is remembered all the same, under a birth that nobody has.
  const entry: Running = { name, startedAt: clock.now(), pid, born: identity?.born ?? 'ended' };
  await replaceFile(fileOf(dataDir, name), `${JSON.stringify(entry)}\n`);
  return entry;
}

function launch(command: readonly string[], logFile: string, directory: string): number {
  const [file = '', ...args] = command;
  mkdirSync(join(logFile, '..'), { recursive: true });
  const log = openSync(logFile, 'a');
  try {
    const child = spawn(file, args, { cwd: directory, detached: true, stdio: ['ignore', log, log] });
    child.on('error', () => undefined);
    child.unref();
    if (child.pid === undefined) throw new Error(`${file} could not be started: is it installed?`);
    return child.pid;
  } finally {
    closeSync(log);
  }
}

/** Ends a process: SIGTERM, and SIGKILL after ten seconds. Fine when it has ended, and when its number is another's by now. */
export async function stop({ dataDir }: Pick<Cluster, 'dataDir'>, name: string, clock: Clock): Promise<void> {
  const found = await running({ dataDir }, name);
  if (found) {
    signal(found.pid, 'SIGTERM');
    const deadline = clock.now() + patienceMs;
    while (await isAlive(found)) {
      if (clock.now() > deadline) signal(found.pid, 'SIGKILL');
      await sleep(clock, pollMs);
    }
  }
  await rm(fileOf(dataDir, name), { force: true });
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended in the meantime.
  }
}

export function logOf(dataDir: string, name: string): string {
  return join(clusterPaths(dataDir).logs, `${name}.log`);
}

/** The last lines of a process's log, for a message about it. */
export async function lastWords(dataDir: string, name: string, lines = 3): Promise<string> {
  const text = await readFile(logOf(dataDir, name), 'utf8').catch(() => '');
  return text.trimEnd().split('\n').slice(-lines).join('\n');
}

function fileOf(dataDir: string, name: string): string {
  return join(clusterPaths(dataDir).run, `${name}.json`);
}
