import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, errorMessage, type Logger } from '@keelson/base';
import { removeCgroups } from './cgroups.ts';
import { containerdPaths } from './config.ts';
import { type Containerd, runningContainerd, startContainerd } from './containerd.ts';
import { unmountBeneath } from './mounts.ts';
import { processesWhere, signal } from './processes.ts';

/** The part of the kubelet's `Runtime` that ends pods. */
export interface PodRuntime {
  readonly sandboxes: {
    list(): Promise<readonly { readonly id: string }[]>;
    stop(id: string): Promise<void>;
    remove(id: string): Promise<void>;
  };
  close(): void;
}

export interface RemoveEverything {
  readonly dataDir: string;
  /** The cgroup that this cluster's pods are in, such as `/kubepods-a`. */
  readonly cgroupParent: string;
  readonly netns?: string | undefined;
  /** Connects to the containerd behind a socket. */
  readonly open: (socket: string) => PodRuntime;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Ends every pod, the containerd of `dataDir`, its shims, mounts and cgroups. Files stay. Done in the runtime's own way first, so that
 * networks are given back; whatever that leaves is removed by force. Nothing that is not of this data directory or cgroup is touched.
 */
export async function removeEverything(options: RemoveEverything): Promise<void> {
  const { dataDir, cgroupParent, clock, log } = options;
  const containerd = await reach(options);
  if (containerd) {
    await removePods(options, containerd.socket).catch((error) => log.warn('pods are ended by force', { err: errorMessage(error) }));
    await containerd.stop();
  }
  const { socket, state } = containerdPaths(dataDir);
  for (const pid of await processesWhere((args) => isShimOf(args, socket))) signal(pid, 'SIGKILL');
  await removeCgroups(cgroupParent, clock);
  await removeShimSockets(state);
  await unmountBeneath(dataDir);
}

/** One that has died is started once more: only it knows how to undo its pods' networks. */
async function reach({ dataDir, netns, clock, log }: RemoveEverything): Promise<Containerd | undefined> {
  const { state } = containerdPaths(dataDir);
  const tasks = await readdir(taskDir(state)).catch(() => []);
  if (tasks.length === 0 && (await runningContainerd(dataDir)) === undefined) return undefined;
  return startContainerd({ dataDir, netns, clock, log }).catch((error) => {
    log.warn('containerd cannot be reached', { err: errorMessage(error) });
    return undefined;
  });
}

async function removePods({ open }: RemoveEverything, socket: string): Promise<void> {
  const runtime = open(socket);
  try {
    const { sandboxes } = runtime;
    const end = async (id: string): Promise<void> => {
      await sandboxes.stop(id);
      await sandboxes.remove(id);
    };
    const ended = await Promise.allSettled((await sandboxes.list()).map(({ id }) => end(id)));
    const failed = ended.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
  } finally {
    runtime.close();
  }
}

/** Whether these are the arguments of a shim that serves the containerd behind `socket`. */
export function isShimOf(args: readonly string[], socket: string): boolean {
  const [file = ''] = args;
  return /(^|\/)containerd-shim[^/]*$/.test(file) && args[args.indexOf('-address') + 1] === socket;
}

/** A shim that was killed leaves its socket in a directory that all containerds of the machine share. */
async function removeShimSockets(state: string): Promise<void> {
  const tasks = await readdir(taskDir(state)).catch(() => []);
  for (const task of tasks) {
    const address = await readFile(join(taskDir(state), task, 'address'), 'utf8').catch(() => '');
    const path = address.replace(/^unix:\/\//, '');
    if (path.startsWith('/run/containerd/s/')) await rm(path, { force: true });
  }
}

function taskDir(state: string): string {
  return join(state, 'io.containerd.runtime.v2.task', 'k8s.io');
}
