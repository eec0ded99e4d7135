import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Clock, type LogFields, type Logger, silentLogger } from '@keelson/base';
import { ensureBundles } from '../../../tools/bundle.ts';
import type { Cluster } from './cluster/cluster.ts';
import { clusterPaths } from './cluster/paths.ts';
import { ensureNetns } from './netns/netns.ts';
import { loadImages, makeKubeletDirectories, runContainerd } from './node.ts';
import { writeKubeconfigs } from './pki/kubeconfigs.ts';
import { ensurePki } from './pki/pki.ts';
import { grantNeighbours } from './pod-network.ts';
import { kubeletOf, type ProcessSpec } from './process/commands.ts';
import { healthOf } from './process/health.ts';
import { launchOne } from './process/launch-one.ts';
import { running } from './process/processes.ts';
import { untilHealthy, untilNodesReady, untilOneEnds } from './ready.ts';

export interface Launch {
  readonly cluster: Cluster;
  /** The processes to start, in the order in which they need each other. */
  readonly missing: readonly ProcessSpec[];
  readonly clock: Clock;
  /** Told what is being done, a line at a time. */
  readonly say: (line: string) => void;
  /** Gives up when it aborts. */
  readonly signal: AbortSignal;
}

const patienceMs = 90_000;

/**
 * Starts processes and what they stand on, all at once as far as one does not need another, and resolves when the nodes are ready.
 * @throws when one of them ends, or the nodes are not ready in 90 s.
 */
export async function launch(parts: Launch): Promise<void> {
  const { cluster, clock } = parts;
  const over = new AbortController();
  const late = new Error('time is over');
  const timer = clock.after(patienceMs, () => over.abort(late));
  const signal = AbortSignal.any([parts.signal, over.signal]);
  const begun: string[] = [];
  const network = ensureNetns(cluster);
  const work = [
    cluster.runtime === 'containerd' ? network.then(() => startContainers(parts)) : undefined,
    Promise.all([prepare(parts), network]).then(() => startProcesses({ ...parts, signal }, begun)),
  ];
  try {
    await Promise.race([Promise.all(work), untilOneEnds(cluster, begun, clock, signal)]);
  } catch (error) {
    over.abort(error);
    // What is under way must not go on while what it works on is being undone.
    await Promise.allSettled(work);
    throw error === late ? await unready(parts) : error;
  } finally {
    timer.cancel();
    over.abort();
  }
}

/** Files and programs that the processes are started with. */
async function prepare({ cluster, missing, clock, say }: Launch): Promise<void> {
  await Promise.all([
    ensurePki(cluster, clock).then((pki) => writeKubeconfigs(cluster, pki)),
    ensureBundles(
      telling(say),
      // kubectl for whoever sits before the cluster.
      ['kubectl', ...missing.flatMap(({ program }) => program ?? [])],
    ),
    mkdir(dirname(clusterPaths(cluster.dataDir).database), { recursive: true }),
    cluster.runtime === 'containerd' ? makeKubeletDirectories(cluster) : undefined,
  ]);
}

async function startContainers({ cluster, clock, say }: Launch): Promise<void> {
  const socket = await runContainerd(cluster, clock);
  say('containerd is ready');
  await loadImages(cluster, socket, telling(say));
}

/** Resolves when all of them are well and the nodes are ready. `begun` is told of each process that was started. */
async function startProcesses({ cluster, missing, clock, say, signal }: Launch, begun: string[]): Promise<void> {
  const health = await healthOf(cluster);
  const healthy = (spec: ProcessSpec): Promise<void> => untilHealthy(spec, health, clock, signal);
  for (const wave of wavesOf(missing)) {
    for (const spec of wave) {
      signal.throwIfAborted();
      await launchOne(cluster, spec, clock);
      begun.push(spec.name);
    }
    const [first] = wave;
    if (first) await healthy(first);
    if (first?.name === 'kube-apiserver') say('the API is ready');
  }
  const started = await kubeletStarts(cluster);
  const ready = [grantNeighbours(cluster.dataDir, clock), untilNodesReady(cluster, started, clock, signal)];
  await Promise.all([...ready, ...missing.map(healthy)]);
  say(cluster.nodes.length === 1 ? `node ${cluster.nodes[0]} is ready` : `${cluster.nodes.length} nodes are ready`);
}

/**
 * Those that are started together; the next ones when the first of them is well. Measured on two cores: clients that are started before
 * the API server answers take its time and then wait for their next try, except a kubelet, which has enough to prepare.
 */
export function wavesOf(specs: readonly ProcessSpec[]): readonly (readonly ProcessSpec[])[] {
  const [kubelet] = specs.filter(({ program }) => program === 'kubelet');
  const store = specs.filter(({ program }) => program === undefined);
  const server = specs.filter((spec) => spec.program === 'apiserver' || spec === kubelet);
  return [store, server, specs.filter((spec) => !store.includes(spec) && !server.includes(spec))];
}

async function kubeletStarts(cluster: Cluster): Promise<Map<string, number>> {
  const found = await Promise.all(cluster.nodes.map((node) => running(cluster, kubeletOf(cluster, node))));
  return new Map(cluster.nodes.map((node, index) => [node, found[index]?.startedAt ?? 0]));
}

async function unready({ cluster, missing }: Launch): Promise<Error> {
  const health = await healthOf(cluster);
  const answers = await Promise.all(missing.map(async (spec) => ({ name: spec.name, answer: await health(spec) })));
  const unwell = answers.filter(({ answer }) => answer !== 'ok').map(({ name, answer }) => `${name}: ${answer}`);
  const why = unwell.length > 0 ? unwell.join(', ') : 'all processes are well, but not all nodes are Ready';
  return new Error(`the cluster is not ready after ${patienceMs / 1000} s (${why}); see the logs in ${clusterPaths(cluster.dataDir).logs}`);
}

/** A logger whose messages are lines of progress. */
function telling(say: (line: string) => void): Logger {
  const line = (message: string, fields: LogFields = {}): void => say([message, Object.values(fields)[0]].flat().join(' '));
  return { ...silentLogger, info: line, warn: line, error: line };
}
