import { type Figure, percentile } from './figures.ts';
import { accessOf, median, type Round, round, Target } from './target.ts';

/**
 * What 10,000 pods cost an API server: how quickly they are created, and what they cost requests that have nothing to do with them. Prints
 * one JSON document of figures. `node test/bench/many-pods.ts KUBECONFIG [PODS]`
 */
const [kubeconfig = '', wanted = '10000'] = process.argv.slice(2);
const count = Number(wanted);
const clients = 64;
const rounds = 3;
const roundMs = 1_500;

const access = await accessOf(kubeconfig);
const server = new Target(access);
const figures: Figure[] = [];
const report = (name: string, unit: string, value: number, p99?: number): void => {
  figures.push({ name, unit, value, ...(p99 === undefined ? {} : { p99 }) });
  process.stderr.write(`${name}: ${value.toFixed(0)}${unit}\n`);
};

const pod = (name: string): string =>
  JSON.stringify({
    metadata: { name, labels: { app: 'many' } },
    spec: {
      automountServiceAccountToken: false,
      schedulerName: 'nobody',
      containers: [{ name: 'main', image: 'registry.k8s.io/pause:3.10.2', resources: { requests: { cpu: '100m', memory: '64Mi' } } }],
    },
  });

/** Requests that touch none of the pods. */
async function others(when: string): Promise<void> {
  const work: readonly (readonly [string, (n: number) => Promise<unknown>])[] = [
    ['create ConfigMap', () => server.create()],
    ['get', (n) => server.get(n)],
    ['list by label, 10 % match', () => server.listByLabel()],
  ];
  for (const [name, one] of work) {
    await server.fill();
    const found: Round[] = [];
    for (let n = 0; n < rounds; n++) found.push(await round(name.startsWith('list') ? 8 : clients, roundMs, one));
    report(`${name}, ${when}`, '/s', median(found));
  }
}

await others('no pods');
// Nobody else may be there to make it.
await server.send('POST', '/api/v1/namespaces/default/serviceaccounts', '{"metadata":{"name":"default"}}').catch(() => undefined);
const times: number[] = [];
let next = 0;
const start = performance.now();
const client = async (): Promise<void> => {
  while (next < count) {
    const began = performance.now();
    await server.send('POST', '/api/v1/namespaces/default/pods', pod(`many-${next++}`));
    times.push(performance.now() - began);
  }
};
await Promise.all(Array.from({ length: clients }, client));
report('create Pod', '/s', (count * 1000) / (performance.now() - start), percentile(times, 0.99));
await others(`beside ${count} pods`);
process.stdout.write(`${JSON.stringify(figures)}\n`);
access.agent.destroy();
