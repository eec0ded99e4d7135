import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock, Logger } from '@keelson/base';
import { bundlePath, ensureBundles } from '../../../tools/bundle.ts';
import type { Cluster } from './cluster/cluster.ts';
import { clusterPaths } from './cluster/paths.ts';
import { ensureNetns } from './netns/netns.ts';
import { loadImages, runContainerd, shareKubeletMounts } from './node.ts';
import { writeKubeconfigs } from './pki/kubeconfigs.ts';
import { ensurePki } from './pki/pki.ts';
import type { ProcessSpec } from './process/commands.ts';
import { type Health, healthOf } from './process/health.ts';
import { start } from './process/processes.ts';
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
 * @throws when one of them ends, or nothing is ready in 90 s.
 */
export async function launch(parts: Launch): Promise<void> {
  const { cluster, signal } = parts;
  const over = new AbortController();
  const within = AbortSignal.any([signal, over.signal, AbortSignal.timeout(patienceMs)]);
  const begun: string[] = [];
  const containers = cluster.runtime === 'containerd' ? startNode(parts) : ensureNetns(cluster);
  try {
    await Promise.race([
      Promise.all([containers, startProcesses({ ...parts, signal: within }, begun)]),
      untilOneEnds(cluster, begun, parts.clock, within),
    ]);
  } catch (error) {
    over.abort(error);
    // What is under way may not go on while what it works on is being undone.
    await Promise.allSettled([containers]);
    throw signal.aborted || !within.aborted ? error : await explainTimeout(parts, error);
  } finally {
    over.abort();
  }
}
