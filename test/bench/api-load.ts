import { Agent, request } from 'node:https';
import { systemClock } from '@keelson/base';
import { connectionOf, readKubeconfig, resolveContext } from '@keelson/client';
import { type Figure, percentile } from './figures.ts';

/**
 * The load of PERFORMANCE.md's first table: HTTPS with client certificates, HTTP/1.1, 2 KB objects, 64 clients in a process of their
 * own. Prints one JSON document of figures. `node test/bench/api-load.ts KUBECONFIG [SECONDS [CEILING]]`, where a ceiling is the address of
 * `ceiling.ts`: both are then asked in turns, since the machine is not equally fast all the time, and a share of the ceiling is told.
 */
const [kubeconfig = '', secondsText = '4', ceiling] = process.argv.slice(2);
const rounds = 4;
const roundMs = (Number(secondsText) * 1000) / rounds;
const clients = 64;

const connection = await connectionOf(resolveContext(await readKubeconfig(kubeconfig)));
const agent = new Agent({ keepAlive: true, maxSockets: 256, cert: connection.certData, key: connection.keyData, ca: connection.caData });
const base = '/api/v1/namespaces/default/configmaps';
const filler = 'x'.repeat(1_700);
const configMap = (name: string, label: string): string =>
  JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, labels: { bench: label } }, data: { filler } });

/** A server the load is put on. */
class Target {
  readonly #server: URL;
  #created = 0;

  constructor(address: string) {
    this.#server = new URL(address);
  }

  send(method: string, path: string, body?: string): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const headers = body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
      const { hostname: host, port } = this.#server;
      const outgoing = request({ host, port, agent, method, path, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const all = Buffer.concat(chunks);
          if ((response.statusCode ?? 500) < 400) resolve(all);
          else reject(new Error(`${method} ${path}: ${response.statusCode} ${all.toString().slice(0, 200)}`));
        });
      });
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  }

  create(label?: string): Promise<Buffer> {
    const n = this.#created++;
    return this.send('POST', base, configMap(`bench-${n}`, label ?? String(n % 10)));
  }

  /** Leaves 3,000 objects and nothing else. */
  async fill(): Promise<void> {
    await this.send('DELETE', base);
    this.#created = 0;
    for (let n = 0; n < 3_000; n += 60) await Promise.all(Array.from({ length: 60 }, () => this.create()));
  }

  /** 20,000 events: resolves to how many came per second. */
  async fanOut(watchers: number, changes: number, writers: number): Promise<number> {
    const list = JSON.parse((await this.send('GET', `${base}?limit=1`)).toString()) as { metadata: { resourceVersion: string } };
    const path = `${base}?watch=1&labelSelector=bench%3Dwatched&resourceVersion=${list.metadata.resourceVersion}`;
    let events = 0;
    const done = Promise.withResolvers<void>();
    const count = (): void => void (++events === watchers * changes && done.resolve());
    const streams = await Promise.all(Array.from({ length: watchers }, () => this.#watch(path, count)));
    const start = performance.now();
    let next = 0;
    const write = async (): Promise<void> => {
      while (next++ < changes) await this.create('watched');
    };
    await Promise.all(Array.from({ length: writers }, write));
    await done.promise;
    const elapsed = performance.now() - start;
    for (const stream of streams) stream.destroy();
    return (events * 1000) / elapsed;
  }

  #watch(path: string, onEvent: () => void): Promise<{ destroy(): void }> {
    return new Promise((resolve, reject) => {
      const { hostname: host, port } = this.#server;
      const outgoing = request({ host, port, agent, path }, (response) => {
        response.on('data', (chunk: Buffer) => {
          for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) onEvent();
        });
        response.on('error', () => undefined);
        resolve({ destroy: () => response.destroy() });
      });
      outgoing.on('error', reject);
      outgoing.end();
    });
  }
}

/** What one round found. */
interface Round {
  readonly perSecond: number;
  readonly times: readonly number[];
}

/** Runs `work` from `parallel` clients for one round. */
async function round(parallel: number, work: (n: number) => Promise<unknown>): Promise<Round> {
  const end = systemClock.now() + roundMs;
  const times: number[] = [];
  let next = 0;
  const start = performance.now();
  const client = async (): Promise<void> => {
    while (systemClock.now() < end) {
      const began = performance.now();
      await work(next++);
      times.push(performance.now() - began);
    }
  };
  await Promise.all(Array.from({ length: parallel }, client));
  return { perSecond: (times.length * 1000) / (performance.now() - start), times };
}

const figures: Figure[] = [];
const report = (figure: Figure): void => {
  figures.push(figure);
  const tail = figure.p99 === undefined ? '' : `, p99 ${figure.p99.toFixed(1)} ms`;
  process.stderr.write(`${figure.name}: ${figure.value.toFixed(0)}${figure.unit}${tail}\n`);
};

const server = new Target(connection.server);
const bare = ceiling === undefined ? undefined : new Target(ceiling);

/** Measures both in turns; the median of the rounds counts. */
async function compare(name: string, unit: string, work: (target: Target) => Promise<Round>): Promise<void> {
  const [own, top]: [Round[], Round[]] = [[], []];
  for (let n = 0; n < rounds; n++) {
    if (bare) top.push(await work(bare));
    own.push(await work(server));
  }
  const median = (all: readonly Round[]): number => {
    const { perSecond = 0 } = all.toSorted((a, b) => a.perSecond - b.perSecond)[Math.floor(all.length / 2)] ?? {};
    return perSecond;
  };
  const times = own.flatMap((one) => one.times);
  report({ name, unit, value: median(own), ...(times.length > 0 ? { p99: percentile(times, 0.99) } : {}) });
  if (!bare) return;
  report({ name: `${name}, ceiling`, unit, value: median(top) });
  const shares = own.map(({ perSecond }, i) => (100 * perSecond) / (top[i]?.perSecond ?? 1));
  report({ name: `${name}, of the ceiling`, unit: ' %', value: percentile(shares, 0.5) });
}

for (const target of bare ? [bare, server] : [server]) await target.fill();
await compare('create ConfigMap', '/s', (target) => round(clients, () => target.create()));
for (const target of bare ? [bare, server] : [server]) await target.fill();
await compare('get', '/s', (target) => round(clients, (n) => target.send('GET', `${base}/bench-${n % 3_000}`)));
await compare('list 3,000 objects', '/s', (target) => round(8, () => target.send('GET', base)));
await compare('list by label, 10 % match', '/s', (target) => round(8, () => target.send('GET', `${base}?labelSelector=bench%3D3`)));
await compare('watch: 100 watchers, 200 changes', ' events/s', async (target) => ({
  perSecond: await target.fanOut(100, 200, 16),
  times: [],
}));
await server.send('DELETE', base);
process.stdout.write(`${JSON.stringify(figures)}\n`);
agent.destroy();
