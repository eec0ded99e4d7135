import { systemClock } from '@keelson/base';
import type { Pod } from '@keelson/types';
import { type Cluster, createCluster } from '../src/index.ts';
import { createDeployment, isReady, settledAt } from '../src/workloads.ts';
import type { Figure } from './figures.ts';

/**
 * A Deployment of 1,000 on 100 nodes that are models, the whole cluster in this process, on the machine's clock. Prints one JSON document
 * of figures. `node test/bench/rollout.ts [PODS] [NODES]`
 */
const [pods = 1_000, nodes = 100] = process.argv.slice(2).map(Number);
const limit = 120_000;

/** Times until the last pod was created and bound and, when `runs`, ready; seconds. */
async function rollout(cluster: Cluster, name: string, runs: boolean): Promise<Figure[]> {
  const seen = { created: 0, bound: 0, ready: 0 };
  const last = { created: 0, bound: 0, ready: 0 };
  const start = performance.now();
  const count = (what: keyof typeof seen): void => {
    seen[what]++;
    last[what] = (performance.now() - start) / 1000;
  };
  const leave = cluster.history.onWrite(({ kind, type, object, before }) => {
    if (kind !== 'v1/Pod' || type === 'deleted') return;
    const [now, then] = [object as Pod, before as Pod | undefined];
    if (type === 'added') count('created');
    if (now.spec?.nodeName && !then?.spec?.nodeName) count('bound');
    if (isReady(now) && !(then && isReady(then))) count('ready');
  });
  const wanted = runs ? (['created', 'bound', 'ready'] as const) : (['created', 'bound'] as const);
  await createDeployment(cluster, { name, replicas: pods });
  await cluster.until('all pods are there', () => wanted.every((what) => seen[what] >= pods), limit);
  leave();
  const how = runs ? 'that run them in the same process' : 'that only hold them';
  return wanted.map((what) => ({
    name: `Deployment of ${pods} on ${nodes} nodes ${how}: last pod ${what}`,
    unit: ' s',
    value: last[what],
  }));
}

async function measure(runs: boolean): Promise<Figure[]> {
  const cluster = await createCluster({ clock: systemClock, nodes: Array.from({ length: nodes }, () => ({ withoutProxy: true })) });
  try {
    // What a first request costs is not what is measured.
    await createDeployment(cluster, { name: 'first', replicas: 10 });
    await cluster.until('10 pods are ready', () => settledAt(cluster, 10, 'first'), limit);
    // A node counts as alive for 50 s after its last word.
    if (!runs) for (const node of cluster.nodes.values()) await node.stopKubelet();
    return await rollout(cluster, 'large', runs);
  } finally {
    await cluster.stop();
  }
}

const figures = [...(await measure(false)), ...(await measure(true))];
figures.push({ name: 'memory of that process', unit: ' MB', value: process.memoryUsage.rss() / 2 ** 20 });
for (const { name, unit, value } of figures) process.stderr.write(`${name}: ${value.toFixed(value < 10 ? 2 : 0)}${unit}\n`);
process.stdout.write(`${JSON.stringify(figures)}\n`);
