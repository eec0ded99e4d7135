import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createSqliteStore } from '@keelson/apiserver';
import type { Figure } from './figures.ts';
import { benchServer, send } from './server.ts';

/**
 * What an API server keeps in memory of 10,000 pods, over the embedded store: all that is reachable after garbage was collected, which the
 * resident size, with what the heap once grew to, does not tell. Each pod is created and then updated twice, as one that came to run, so that
 * the watch cache's history is full. Prints one JSON document of figures. `node test/bench/memory.ts [PODS]`
 */
const count = Number(process.argv[2] ?? 10_000);
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const namespace = '/api/v1/namespaces/default';

const folder = mkdtempSync(join(tmpdir(), 'keelson-memory-'));
const store = await createSqliteStore({ path: join(folder, 'store.db') });
const bench = await benchServer(store);
const transport = bench.transport('admin', ['system:masters']);
const figures: Figure[] = [];

function report(name: string, unit: string, value: number): void {
  figures.push({ name, unit, value });
  process.stderr.write(`${name}: ${value.toFixed(value < 10 ? 2 : 0)}${unit}\n`);
}

/** Megabytes in use after everything else was collected. */
async function reachable(): Promise<number> {
  for (let n = 0; n < 5; n++) {
    collect();
    // What waits for its turn, finalizers among it, may free more.
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 1e6;
}

const pod = (name: string): object => ({
  metadata: { name, labels: { app: 'many', 'pod-template-hash': '5d59d67564' } },
  spec: { schedulerName: 'nobody', containers: [{ name: 'main', image: 'registry.k8s.io/pause:3.10.2' }] },
});

const status = (phase: string): object => ({
  status: {
    ...{ phase, hostIP: '10.0.0.2', podIP: '10.0.1.2', startTime: '2026-01-01T00:00:00Z', qosClass: 'BestEffort' },
    conditions: ['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map((type) => ({
      ...{ type, status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z', observedGeneration: 1 },
    })),
  },
});

async function comeToRun(name: string): Promise<void> {
  const type = 'application/merge-patch+json';
  const path = `${namespace}/pods/${name}`;
  await send(transport, { method: 'POST', path: `${namespace}/pods`, body: JSON.stringify(pod(name)) });
  for (const phase of ['Pending', 'Running'])
    await send(transport, { method: 'PATCH', path: `${path}/status`, type, body: JSON.stringify(status(phase)) });
}

async function add(from: number, to: number): Promise<void> {
  let next = from;
  const client = async (): Promise<void> => {
    while (next < to) await comeToRun(`many-${next++}`);
  };
  await Promise.all(Array.from({ length: 64 }, client));
}

// Code, tables and the history of changes are there before anything is counted.
await add(0, 2_000);
const before = await reachable();
await add(2_000, 2_000 + count / 2);
const half = await reachable();
await add(2_000 + count / 2, 2_000 + count);
const after = await reachable();
report(`reachable memory of ${count / 2} pods`, ' MB', half - before);
report(`reachable memory of ${count} pods`, ' MB', after - before);
report('reachable memory beside them', ' MB', before);
process.stdout.write(`${JSON.stringify(figures)}\n`);
await bench.stop();
await store.close();
rmSync(folder, { recursive: true });
