import { Agent, request } from 'node:https';
import { systemClock } from '@keelson/base';
import { connectionOf, readKubeconfig, resolveContext } from '@keelson/client';
import { type Figure, percentile } from '/work/main/test/bench/figures.ts';

/**
 * The load of PERFORMANCE.md's first table: HTTPS with client certificates, HTTP/1.1, 2 KB objects, 64 clients in a process of their
 * own. Prints one JSON document of figures. `node test/bench/api-load.ts KUBECONFIG [SECONDS]`
 */
const [kubeconfig = '', secondsText = '4'] = process.argv.slice(2);
const seconds = Number(secondsText);
const clients = 64;
const namespace = 'default';

const connection = await connectionOf(resolveContext(await readKubeconfig(kubeconfig)));
const agent = new Agent({ keepAlive: true, maxSockets: 256, cert: connection.certData, key: connection.keyData, ca: connection.caData });
const server = new URL(connection.server);

function send(method: string, path: string, body?: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const outgoing = request({ host: server.hostname, port: server.port, agent, method, path, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const all = Buffer.concat(chunks);
        if ((response.statusCode ?? 500) >= 400)
          reject(new Error(`${method} ${path}: ${response.statusCode} ${all.toString().slice(0, 200)}`));
        else resolve(all);
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

const base = `/api/v1/namespaces/${namespace}/configmaps`;
const filler = 'x'.repeat(1_700);
const configMap = (name: string, label: string): string =>
  JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, labels: { bench: label } }, data: { filler } });

/** Runs `work` from `parallel` clients for the set time. */
async function measure(name: string, parallel: number, work: (n: number) => Promise<unknown>): Promise<Figure> {
  const end = systemClock.now() + seconds * 1000;
  const times: number[] = [];
  let next = 0;
  const start = performance.now();
  await Promise.all(
    Array.from({ length: parallel }, async () => {
      while (systemClock.now() < end) {
        const began = performance.now();
        await work(next++);
        times.push(performance.now() - began);
      }
    }),
  );
  const elapsed = (performance.now() - start) / 1000;
  return { name, unit: '/s', value: times.length / elapsed, p99: percentile(times, 0.99) };
}

async function watchFanOut(watchers: number, changes: number, writers: number): Promise<Figure> {
  let events = 0;
  const expected = watchers * changes;
  const done = Promise.withResolvers<void>();
  const open = Array.from({ length: watchers }, () => watchOnce(() => ++events === expected && done.resolve()));
  const streams = await Promise.all(open);
  const start = performance.now();
  let next = 0;
  await Promise.all(
    Array.from({ length: writers }, async () => {
      while (next < changes) await send('POST', base, configMap(`watch-${next++}`, 'watched'));
    }),
  );
  await done.promise;
  const elapsed = (performance.now() - start) / 1000;
  for (const stream of streams) stream.destroy();
  return { name: `watch: ${watchers} watchers, ${changes} changes`, unit: ' events/s', value: expected / elapsed };
}

function watchOnce(onEvent: () => void): Promise<{ destroy(): void }> {
  return new Promise((resolve, reject) => {
    const path = `${base}?watch=1&labelSelector=bench%3Dwatched&resourceVersion=${latest}`;
    const outgoing = request({ host: server.hostname, port: server.port, agent, path }, (response) => {
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

const figures: Figure[] = [];
const report = (figure: Figure): void => {
  figures.push(figure);
  process.stderr.write(
    `${figure.name}: ${figure.value.toFixed(0)}${figure.unit}${figure.p99 === undefined ? '' : `, p99 ${figure.p99.toFixed(1)} ms`}\n`,
  );
};

let latest = '';
for (let round = 0; round < 12; round++) {
  await send('DELETE', base);
  latest = (JSON.parse((await send('GET', `${base}?limit=1`)).toString()) as { metadata: { resourceVersion: string } }).metadata.resourceVersion;
  report(await watchFanOut(100, 200, 16));
}
agent.destroy();
