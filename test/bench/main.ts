import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { onPath, RealCluster, root, run, whyNotReal } from '../e2e/cluster.ts';
import { type Figure, middle } from './figures.ts';
import { podStarts } from './pod-start.ts';

/**
 * `npm run bench [-- --seconds N]`: starts real clusters in network namespaces, measures, prints, and records the figures under
 * `test/bench/results/` with the machine and the commit. Asserts nothing.
 */
const seconds = process.argv.includes('--seconds') ? (process.argv[process.argv.indexOf('--seconds') + 1] ?? '4') : '4';
const figures: Figure[] = [];

function report(figure: Figure): void {
  figures.push(figure);
  const tail = figure.p99 === undefined ? '' : `, p99 ${figure.p99.toFixed(1)} ms`;
  process.stdout.write(`${figure.name.padEnd(52)} ${figure.value.toFixed(figure.value < 10 ? 2 : 0)}${figure.unit}${tail}\n`);
}

async function timed(name: string, work: () => Promise<unknown>): Promise<void> {
  const start = performance.now();
  await work();
  report({ name, unit: ' s', value: (performance.now() - start) / 1000 });
}

/** Every process that has the cluster's directory on its command line, by the name of its program. */
function processes(dataDir: string): { readonly pid: number; readonly name: string; readonly megabytes: number }[] {
  const found = [];
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      const names = /dist\/([a-z-]+)\/|([a-z-]+)\/src\/main\.ts|(^| |\/)(containerd|etcd) /.exec(command);
      const name = names?.[1] ?? names?.[2] ?? names?.[4];
      if (!command.includes(dataDir) || !name || command.includes('containerd-shim')) continue;
      const kilobytes = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
      found.push({ pid: Number(pid), name, megabytes: kilobytes / 1024 });
    } catch {
      // It ended while we looked.
    }
  }
  return found;
}

function memory(when: string, dataDir: string): void {
  for (const { name, megabytes } of processes(dataDir)) report({ name: `memory, ${when}: ${name}`, unit: ' MB', value: megabytes });
}

/** Runs one of this folder's programs in a process of its own; it prints its figures as JSON. */
function inProcess(program: string, ...args: readonly string[]): Promise<Figure[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(root, 'test/bench', program), ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    child.on('exit', (code) => (code === 0 ? resolve(JSON.parse(text) as Figure[]) : reject(new Error(`${program} ended with ${code}`))));
  });
}

async function record(): Promise<void> {
  const commit = (await run('git', ['rev-parse', '--short', 'HEAD'])).stdout.trim();
  const machine = `${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}, ${cpus()[0]?.model.trim() ?? ''}`;
  const date = new Date(performance.timeOrigin).toISOString().slice(0, 10);
  const folder = join(root, 'test/bench/results');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${date}-${commit}.json`);
  writeFileSync(file, `${JSON.stringify({ date, commit, machine, node: process.version, figures }, undefined, 2)}\n`);
  process.stdout.write(`recorded in ${file}\n`);
}

/** Fresh clusters a rollout is measured on: it depends on what else the machine does in that second. */
const rollouts = 3;

/** A Deployment by real processes on nodes that hold pods and do nothing with them. */
async function deployment(): Promise<void> {
  const runs: Figure[][] = [];
  while (runs.length < rollouts) {
    const cluster = new RealCluster('held', ['--runtime', 'model']);
    try {
      await cluster.up();
      runs.push(await inProcess('deployment.ts', cluster.kubeconfig));
      if (runs.length === rollouts) memory('after the Deployment', cluster.dataDir);
    } finally {
      await cluster.down();
    }
  }
  for (const figure of middle(runs)) report(figure);
}

/** Pods that fit nowhere until there are nodes. */
async function unschedulable(): Promise<void> {
  const cluster = new RealCluster('fitless', ['--runtime', 'model']);
  try {
    await cluster.up();
    for (const figure of await inProcess('unschedulable.ts', cluster.kubeconfig)) report(figure);
  } finally {
    await cluster.down();
  }
}

/** An API server over one of the stores and nobody else, and what the same load gets from a server that does nothing. */
async function alone(store: 'etcd' | 'sqlite'): Promise<void> {
  process.stdout.write(`on ${store}:\n`);
  const cluster = new RealCluster('alone', ['--runtime', 'model', '--store', store]);
  try {
    await cluster.up();
    const all = processes(cluster.dataDir);
    for (const { pid, name } of all) if (!['apiserver', 'etcd'].includes(name)) process.kill(pid);
    const ceiling = spawn(process.execPath, [join(root, 'test/bench/ceiling.ts'), join(cluster.dataDir, 'pki')]);
    const [address] = (await once(ceiling.stdout, 'data')) as [Buffer];
    for (const figure of await inProcess('api-load.ts', cluster.kubeconfig, seconds, address.toString().trim())) on(store, figure);
    ceiling.kill();
    for (const figure of await inProcess('many-pods.ts', cluster.kubeconfig)) on(store, figure);
    memory(`after the load on ${store}`, cluster.dataDir);
  } finally {
    await cluster.down();
  }
}

function on(store: string, figure: Figure): void {
  report({ ...figure, name: `${figure.name}, ${store}` });
}

const why = whyNotReal();
if (why) {
  process.stderr.write(`bench needs real containers here: ${why}\n`);
  process.exit(1);
}
const cluster = new RealCluster('bench');
try {
  await timed('start, first of this data directory', () => cluster.up());
  await cluster.stop();
  await timed('start, warm', () => cluster.up());
  memory('idle', cluster.dataDir);
  for (const figure of await podStarts(cluster)) report(figure);
} finally {
  await cluster.down();
}
await deployment();
await unschedulable();
await alone('sqlite');
if (onPath('etcd')) await alone('etcd');
else process.stdout.write('no etcd on the PATH: not measured\n');
for (const figure of await inProcess('rollout.ts')) report(figure);
for (const program of ['request-cost.ts', 'memory.ts']) for (const figure of await inProcess(program)) report(figure);
await record();
