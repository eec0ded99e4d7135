import { type Api, createApi, loadKubeconfig, transportFor } from '@keelson/client';
import { eventually } from '@keelson/testing';
import { Deployment, Lease, Pod, ServiceAccount } from '@keelson/types';
import type { Figure } from './figures.ts';
import { addNodes, heldPod } from './held.ts';

/**
 * 3,000 pods that fit nowhere, then 100 nodes and 1,000 pods more, over real processes: until all are bound, and whether controller manager and
 * scheduler led all the while. Prints one JSON document of figures. `node test/bench/unschedulable.ts KUBECONFIG`
 */
const [kubeconfig = ''] = process.argv.slice(2);
const namespace = 'default';
const [early, late, nodes] = [3_000, 1_000, 100];

const transport = transportFor(loadKubeconfig(kubeconfig));
const api = createApi(transport);
await eventually(() => api.get(ServiceAccount, { name: 'default', namespace }), {
  deadlineMs: 20_000,
  message: 'the default account is there',
});

async function deploy(name: string, replicas: number): Promise<void> {
  const labels = { app: name };
  const template = { metadata: { labels }, spec: heldPod };
  await api.create(Deployment, { metadata: { name, namespace }, spec: { replicas, selector: { matchLabels: labels }, template } });
}

/** Resolves once so many pods are as `is` says. */
async function untilAll(count: number, is: (pod: Pod) => boolean): Promise<void> {
  const abort = new AbortController();
  const found = new Set<string>();
  const { items, metadata } = await api.list(Pod, { namespace });
  const look = (pod: Pod): void => void (is(pod) && found.add(pod.metadata.name ?? ''));
  items.forEach(look);
  if (found.size >= count) return;
  const { resourceVersion = '' } = metadata;
  for await (const event of api.watch(Pod, { namespace, resourceVersion, signal: abort.signal })) {
    if (event.type !== 'BOOKMARK') look(event.object);
    if (found.size >= count) break;
  }
  abort.abort();
}

/** How often the leases of the control plane went to somebody else. */
async function transitions(of: Api): Promise<number> {
  const leases = await Promise.all(
    ['kube-scheduler', 'kube-controller-manager'].map((name) => of.get(Lease, { name, namespace: 'kube-system' })),
  );
  return leases.reduce((sum, { spec }) => sum + (spec?.leaseTransitions ?? 0), 0);
}

const isUnschedulable = ({ status }: Pod): boolean =>
  status?.conditions?.some(({ type, reason }) => type === 'PodScheduled' && reason === 'Unschedulable') ?? false;

const seconds = (since: number): number => (performance.now() - since) / 1000;
const before = await transitions(api);
let start = performance.now();
await deploy('early', early);
await untilAll(early, isUnschedulable);
const waiting = seconds(start);
start = performance.now();
await Promise.all([addNodes(api, nodes), deploy('late', late)]);
await untilAll(early + late, ({ spec }) => spec?.nodeName !== undefined);
const about = `${early} unschedulable pods, then ${nodes} nodes and ${late} pods more`;
const figures: Figure[] = [
  { name: `${about}: all known to fit nowhere`, unit: ' s', value: waiting },
  { name: `${about}: all bound`, unit: ' s', value: seconds(start) },
  { name: `${about}: leases lost`, unit: '', value: (await transitions(api)) - before },
];
for (const { name, unit, value } of figures) process.stderr.write(`${name}: ${value.toFixed(2)}${unit}\n`);
process.stdout.write(`${JSON.stringify(figures)}\n`);
transport.close();
