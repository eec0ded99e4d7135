import { type ApiServer, createMemoryStore, createServer } from '@keelson/apiserver';
import { seededRandom, silentLogger, systemClock } from '@keelson/base';
import { inProcessTransport, readText, type Transport } from '@keelson/client';
import { versionInfo } from '@keelson/component';
import { Registry } from 'prom-client';
import { simulatedTokens } from '../src/tokens.ts';
import { type Figure, percentile } from './figures.ts';

/**
 * What the account of managed fields costs: the same requests, in process and on a memory store, with it and without it, in turns. Prints
 * one JSON document of figures. `node test/bench/managed-fields.ts [REQUESTS]`
 */
const requests = Number(process.argv[2] ?? 4_000);
const blockSize = 20;
const stop = new AbortController();
const clock = systemClock;
const server = await createServer({
  ...{
    store: createMemoryStore({ clock }),
    clock,
    random: seededRandom(1),
    log: silentLogger,
    metrics: new Registry(),
    version: versionInfo,
  },
  serviceCIDR: '10.96.0.0/16',
  nodePorts: { from: 30_000, to: 32_767 },
  disabledAdmission: ['ServiceAccount'],
  tokens: () => simulatedTokens(clock),
  kubelets: { send: () => Promise.reject(new Error('no kubelets')), dial: () => Promise.reject(new Error('no kubelets')) },
  clientCA: '',
  compactionInterval: 300_000,
  signal: stop.signal,
});
await server.bootstrap({ address: '192.0.2.1', port: 6443 });
const transport: Transport = inProcessTransport(server.handle, { name: 'admin', groups: ['system:masters'] });

async function send(method: 'PATCH' | 'POST' | 'PUT', path: string, body: string, type = 'application/json'): Promise<string> {
  const headers = { 'content-type': type, 'user-agent': 'bench/1' };
  const response = await transport.send({ method, path, headers, body });
  const text = await readText(response);
  if (response.status >= 400) throw new Error(`${method} ${path}: ${text}`);
  return text;
}

/** Without types, nothing is compared and nobody owns anything. */
const unaccounted: ApiServer['registry']['fields']['of'] = async () => ({ type: () => undefined, convert: (object) => object });

/** Microseconds a request, the median of blocks; blocks with and without take turns, so that the machine's moods fall on both. */
async function compare(name: string, work: (n: number) => Promise<unknown>): Promise<Figure[]> {
  const accounted = server.registry.fields.of;
  const times = { with: [] as number[], without: [] as number[] };
  let n = 0;
  for (let block = 0; block < requests / blockSize; block++) {
    for (const how of ['without', 'with'] as const) {
      server.registry.fields.of = how === 'with' ? accounted : unaccounted;
      const start = performance.now();
      for (let i = 0; i < blockSize; i++) await work(n++);
      times[how].push(((performance.now() - start) * 1000) / blockSize);
    }
  }
  server.registry.fields.of = accounted;
  const median = { with: percentile(times.with, 0.5), without: percentile(times.without, 0.5) };
  return [
    { name: `${name}, without managed fields`, unit: ' µs', value: median.without },
    { name: `${name}, with managed fields`, unit: ' µs', value: median.with },
    { name: `${name}, ratio`, unit: '', value: median.with / median.without },
  ];
}

const namespaced = '/api/v1/namespaces/default';
const filler = 'x'.repeat(1_700);
const configMap = (name: string): string => JSON.stringify({ metadata: { name, labels: { bench: '1' } }, data: { filler } });
const pod = (name: string): string =>
  JSON.stringify({
    metadata: {
      name,
      labels: { app: 'web', 'pod-template-hash': '5d7c8b6f5' },
      ownerReferences: [
        { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-5d7c8b6f5', uid: '0f3c', controller: true, blockOwnerDeletion: true },
      ],
    },
    spec: {
      containers: [
        {
          name: 'web',
          image: 'registry.local/web:1',
          env: [
            { name: 'A', value: '1' },
            { name: 'B', value: '2' },
          ],
          ports: [{ name: 'http', containerPort: 8080 }],
          resources: { requests: { cpu: '100m', memory: '64Mi' }, limits: { memory: '128Mi' } },
          readinessProbe: { httpGet: { path: '/ready', port: 8080 } },
        },
      ],
    },
  });
const deployment = (name: string): string => {
  const { metadata, spec } = JSON.parse(pod(name)) as { metadata: { labels: object }; spec: object };
  const template = { metadata: { labels: metadata.labels }, spec };
  return JSON.stringify({ metadata: { name }, spec: { replicas: 3, selector: { matchLabels: metadata.labels }, template } });
};
const merge = 'application/merge-patch+json';

const figures = [
  ...(await compare('create ConfigMap of 2 KB', (n) => send('POST', `${namespaced}/configmaps`, configMap(`c-${n}`)))),
  ...(await compare('create Pod', (n) => send('POST', `${namespaced}/pods`, pod(`p-${n}`)))),
  ...(await compare('create Deployment', (n) => send('POST', '/apis/apps/v1/namespaces/default/deployments', deployment(`d-${n}`)))),
];
await send('POST', `${namespaced}/pods`, pod('busy'));
let beat = 0;
const condition = (type: string): object => ({
  type,
  status: 'True',
  lastTransitionTime: new Date(0).toISOString(),
  message: String(beat++),
});
await send('PATCH', `${namespaced}/pods/busy/status`, JSON.stringify({ status: { conditions: [condition('A'), condition('B')] } }), merge);
figures.push(
  ...(await compare('status update of one field of a Pod', () =>
    send('PATCH', `${namespaced}/pods/busy/status`, JSON.stringify({ status: { message: String(beat++) } }), merge),
  )),
);
for (const { name, unit, value } of figures) process.stderr.write(`${name}: ${value.toFixed(value < 10 ? 2 : 0)}${unit}\n`);
process.stdout.write(`${JSON.stringify(figures)}\n`);
stop.abort();
await server.stopped;
