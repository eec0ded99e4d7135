import { Agent, request } from 'node:https';
import { systemClock } from '@keelson/base';
import { connectionOf, readKubeconfig, resolveContext } from '@keelson/client';
import { type Figure, percentile } from './figures.ts';

/**
 * The load of PERFORMANCE.md's first table: HTTPS with client certificates, HTTP/1.1, 2 KB objects, 64 clients in a process of their
 * own. Prints one JSON document of figures. `node test/bench/api-load.ts KUBECONFIG [SECONDS [CEILING]]`, where a ceiling is the address of
 * `ceiling.ts`, asked instead of the cluster's server for what it can answer.
 */
const [kubeconfig = '', secondsText = '4', ceiling] = process.argv.slice(2);
const seconds = Number(secondsText);
const clients = 64;
const namespace = 'default';

const connection = await connectionOf(resolveContext(await readKubeconfig(kubeconfig)));
const agent = new Agent({ keepAlive: true, maxSockets: 256, cert: connection.certData, key: connection.keyData, ca: connection.caData });
const server = new URL(ceiling ?? connection.server);

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
async function measure(what: string, parallel: number, work: (n: number) => Promise<unknown>): Promise<Figure> {
  const name = ceiling ? `${what}, ceiling` : what;
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
  const list = JSON.parse((await send('GET', `${base}?limit=1`)).toString()) as { metadata: { resourceVersion: string } };
  let events = 0;
  const expected = watchers * changes;
  const done = Promise.withResolvers<void>();
  const open = Array.from({ length: watchers }, () =>
    watchOnce(list.metadata.resourceVersion, () => ++events === expected && done.resolve()),
  );
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

function watchOnce(latest: string, onEvent: () => void): Promise<{ destroy(): void }> {
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
await send('DELETE', base);
report(await measure('create ConfigMap', clients, (n) => send('POST', base, configMap(`bench-${n}`, String(n % 10)))));
await send('DELETE', base);
for (let n = 0; n < 3_000; n += clients)
  await Promise.all(
    Array.from({ length: Math.min(clients, 3_000 - n) }, (_, i) => send('POST', base, configMap(`list-${n + i}`, String((n + i) % 10)))),
  );
report(await measure('get', clients, (n) => send('GET', `${base}/list-${n % 3_000}`)));
if (!ceiling) {
  report(await measure('list 3,000 objects', 8, () => send('GET', base)));
  report(await measure('list by label, 10 % match', 8, () => send('GET', `${base}?labelSelector=bench%3D3`)));
  report(await watchFanOut(100, 200, 16));
  await send('DELETE', base);
}
process.stdout.write(`${JSON.stringify(figures)}\n`);
agent.destroy();
