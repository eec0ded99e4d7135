import type { ApiServer } from '@keelson/apiserver';
import { type Figure, percentile } from './figures.ts';
import { benchServer, send } from './server.ts';

/**
 * What the account of managed fields costs: the same requests, in process and on a memory store, with it and without it, in turns. Prints
 * one JSON document of figures. `node test/bench/managed-fields.ts [REQUESTS]`
 */
const requests = Number(process.argv[2] ?? 4_000);
const blockSize = 20;
const { server, transport: as, stop } = await benchServer();
const transport = as('admin', ['system:masters']);
const post = (path: string, body: string): Promise<string> => send(transport, { method: 'POST', path, body });
const patchStatus = (body: object): Promise<string> =>
  send(transport, {
    method: 'PATCH',
    path: `${namespaced}/pods/busy/status`,
    body: JSON.stringify({ status: body }),
    type: 'application/merge-patch+json',
  });

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

const figures = [
  ...(await compare('create ConfigMap of 2 KB', (n) => post(`${namespaced}/configmaps`, configMap(`c-${n}`)))),
  ...(await compare('create Pod', (n) => post(`${namespaced}/pods`, pod(`p-${n}`)))),
  ...(await compare('create Deployment', (n) => post('/apis/apps/v1/namespaces/default/deployments', deployment(`d-${n}`)))),
];
await post(`${namespaced}/pods`, pod('busy'));
let beat = 0;
const condition = (type: string): object => ({
  type,
  status: 'True',
  lastTransitionTime: new Date(0).toISOString(),
  message: String(beat++),
});
await patchStatus({ conditions: [condition('A'), condition('B')] });
figures.push(...(await compare('status update of one field of a Pod', () => patchStatus({ message: String(beat++) }))));
for (const { name, unit, value } of figures) process.stderr.write(`${name}: ${value.toFixed(value < 10 ? 2 : 0)}${unit}\n`);
process.stdout.write(`${JSON.stringify(figures)}\n`);
await stop();
