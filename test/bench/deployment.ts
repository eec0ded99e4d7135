import { createApi, loadKubeconfig, transportFor } from '@keelson/client';
import { eventually } from '@keelson/testing';
import { Deployment, Pod, ServiceAccount } from '@keelson/types';
import type { Figure } from './figures.ts';
import { addNodes, heldPod } from './held.ts';

/**
 * A Deployment of 1,000 on 100 nodes that nobody serves, over real processes: until the last pod is bound. Prints one JSON document of
 * figures. `node test/bench/deployment.ts KUBECONFIG [PODS [NODES]]`
 */
const [kubeconfig = '', ...sizes] = process.argv.slice(2);
const [pods = 1_000, nodes = 100] = sizes.map(Number);
const namespace = 'default';

const transport = transportFor(loadKubeconfig(kubeconfig));
const api = createApi(transport);
await eventually(() => api.get(ServiceAccount, { name: 'default', namespace }), {
  deadlineMs: 20_000,
  message: 'the default account is there',
});

await addNodes(api, nodes);

/** Seconds until the last pod was created, and bound. */
async function rollout(name: string): Promise<{ created: number; bound: number }> {
  const abort = new AbortController();
  const labels = { app: name };
  const template = { metadata: { labels }, spec: heldPod };
  const start = performance.now();
  const seconds = (): number => (performance.now() - start) / 1000;
  const created = new Set<string>();
  const bound = new Set<string>();
  let lastCreated = 0;
  await api.create(Deployment, { metadata: { name, namespace }, spec: { replicas: pods, selector: { matchLabels: labels }, template } });
  for await (const event of api.watch(Pod, { namespace, labelSelector: `app=${name}`, signal: abort.signal })) {
    if (event.type === 'BOOKMARK') continue;
    const { metadata, spec } = event.object;
    created.add(metadata.name ?? '');
    if (created.size === pods && lastCreated === 0) lastCreated = seconds();
    if (spec?.nodeName) bound.add(metadata.name ?? '');
    if (bound.size === pods) break;
  }
  const lastBound = seconds();
  abort.abort();
  return { created: lastCreated, bound: lastBound };
}

/** Nobody serves the nodes: what is deleted there is gone when it is told so. */
async function remove(name: string): Promise<void> {
  await api.delete(Deployment, { name, namespace });
  const query = { namespace, labelSelector: `app=${name}` };
  await eventually(
    async () => {
      await api.deleteCollection(Pod, query, { gracePeriodSeconds: 0 });
      return (await api.list(Pod, { ...query, limit: 1 })).items.length === 0;
    },
    { deadlineMs: 60_000, message: 'its pods are gone' },
  );
}

const figures: Figure[] = [];
for (const when of ['first', 'second']) {
  const { created, bound } = await rollout(when);
  const about = `Deployment of ${pods} on ${nodes} held nodes, real processes, the ${when}`;
  figures.push(
    { name: `${about}: last pod created`, unit: ' s', value: created },
    { name: `${about}: last pod bound`, unit: ' s', value: bound },
  );
  await remove(when);
}
for (const { name, unit, value } of figures) process.stderr.write(`${name}: ${value.toFixed(2)}${unit}\n`);
process.stdout.write(`${JSON.stringify(figures)}\n`);
transport.close();
