import assert from 'node:assert/strict';
import { sleep, systemClock } from '@keelson/base';
import { parseQuantity, quantityMilliValue } from '@keelson/machinery';
import type { Event, Node, Pod } from '@keelson/types';
import type { Context } from '../context.ts';
import { isUnschedulable, paused, pausePod, podsOf, runPod } from '../pods.ts';
import { across, type Resource, until, within } from '../resource.ts';
import type { Specs } from '../specs.ts';

const area = '[sig-scheduling] SchedulerPredicates [Serial]';
const taints = '[sig-node] NoExecuteTaintManager';

export const nodesOf = (c: Context): Resource<Node> => across<Node>(c, 'v1', 'nodes');

export const scheduling: Specs = {
  async [`${area} validates resource limits of pods that are allowed to run`](c) {
    const nodes = await nodesOf(c).items();
    const pods = podsOf(c);
    const asking = (cpu: number) => ({ containers: [paused({ resources: { requests: { cpu: `${cpu}m` }, limits: { cpu: `${cpu}m` } } })] });
    const used = await requested(c);
    const fillers: string[] = [];
    for (const { metadata, status } of nodes) {
      const name = metadata.name ?? '';
      const free = milli(status?.allocatable?.cpu) - (used.get(name) ?? 0);
      const filler = `filler-pod-${name}`;
      const affinity = onNode(name);
      await pods.create(pausePod(filler, { ...asking(Math.floor((free * 7) / 10)), affinity }));
      fillers.push(filler);
    }
    for (const filler of fillers) await pods.until(filler, ({ status }) => status?.phase === 'Running');
    const most = Math.max(...nodes.map(({ status }) => milli(status?.allocatable?.cpu)));
    await pods.create(pausePod('additional-pod', asking(Math.floor((most * 5) / 10))));
    await staysOut(c, 'additional-pod', 'Insufficient cpu');
  },

  async [`${area} validates that NodeSelector is respected if not matching`](c) {
    await podsOf(c).create(pausePod('restricted-pod', { nodeSelector: { label: 'nonempty' } }));
    await staysOut(c, 'restricted-pod', "didn't match Pod's node affinity/selector");
  },

  async [`${area} validates that NodeSelector is respected if matching`](c) {
    const node = await nodeForPods(c);
    const key = `kubernetes.io/${c.unique('e2e')}`;
    await nodesOf(c).patch(node, { metadata: { labels: { [key]: '42' } } });
    c.after(() => nodesOf(c).patch(node, { metadata: { labels: { [key]: null } } }));
    const pod = await runPod(podsOf(c), pausePod('with-labels', { nodeSelector: { [key]: '42' } }));
    assert.equal(pod.spec?.nodeName, node);
  },

  async [`${area} validates that there exists conflict between pods with same hostPort and protocol but one using 0.0.0.0 hostIP`](c) {
    const node = await nodeForPods(c);
    const key = `kubernetes.io/${c.unique('e2e')}`;
    await nodesOf(c).patch(node, { metadata: { labels: { [key]: '95' } } });
    c.after(() => nodesOf(c).patch(node, { metadata: { labels: { [key]: null } } }));
    const on = (hostIP: string) => ({
      nodeSelector: { [key]: '95' },
      containers: [paused({ ports: [{ hostPort: 54322, containerPort: 8080, protocol: 'TCP', hostIP }] })],
    });
    await runPod(podsOf(c), pausePod('pod4', on('0.0.0.0')));
    await podsOf(c).create(pausePod('pod5', on('127.0.0.1')));
    await staysOut(c, 'pod5', "didn't have free ports for the requested pod ports");
  },

  async [`${taints} Single Pod [Serial] removing taint cancels eviction [Disruptive]`](c) {
    const pod = await runPod(podsOf(c), pausePod('taint-eviction', { tolerations: [tolerates(4)] }));
    const free = await taint(c, pod.spec?.nodeName ?? '');
    await podsOf(c).until('taint-eviction', ({ metadata }) => !metadata.deletionTimestamp);
    await free();
    const { events } = await podsOf(c).follow();
    await sleep(systemClock, 6_000);
    assert.ok(!events.some(({ object }) => object.metadata.deletionTimestamp));
    assert.equal((await podsOf(c).get('taint-eviction')).metadata.deletionTimestamp, undefined);
  },

  async [`${taints} Multiple Pods [Serial] evicts pods with minTolerationSeconds [Disruptive]`](c) {
    const node = await nodeForPods(c);
    const pods = podsOf(c);
    for (const [name, seconds] of [
      ['taint-eviction-b1', 2],
      ['taint-eviction-b2', 12],
    ] as const)
      await runPod(pods, pausePod(name, { affinity: onNode(node), tolerations: [tolerates(seconds)], terminationGracePeriodSeconds: 1 }));
    await taint(c, node);
    await pods.gone('taint-eviction-b1');
    assert.equal((await pods.get('taint-eviction-b2')).metadata.deletionTimestamp, undefined);
    await pods.gone('taint-eviction-b2');
  },
};

const evictTaint = { key: 'kubernetes.io/e2e-evict-taint-key', value: 'evictTaintVal', effect: 'NoExecute' };
const tolerates = (tolerationSeconds: number) => ({ ...evictTaint, operator: 'Equal', tolerationSeconds });

/** Taints a node so that pods leave it. Answers what takes the taint away, which also happens when the spec ends. */
async function taint(c: Context, node: string): Promise<() => Promise<unknown>> {
  const nodes = nodesOf(c);
  const others = (present: Node) => (present.spec?.taints ?? []).filter(({ key }) => key !== evictTaint.key);
  const set = (own: object[]) =>
    nodes.update(node, (present) => ({ ...present, spec: { ...present.spec, taints: [...others(present), ...own] } }) as Node);
  await set([evictTaint]);
  c.after(() => set([]));
  return () => set([]);
}

/** Pods can only be scheduled there. */
export const onNode = (name: string) => ({
  nodeAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [name] }] }],
    },
  },
});

const milli = (amount: string | number | undefined): number => quantityMilliValue(parseQuantity(amount ?? '0'));

/** Millicores asked for by the pods of each node. */
async function requested(c: Context): Promise<Map<string, number>> {
  const used = new Map<string, number>();
  for (const { spec, status } of await across<Pod>(c, 'v1', 'pods').items()) {
    if (!spec?.nodeName || status?.phase === 'Succeeded' || status?.phase === 'Failed') continue;
    const own = spec.containers.reduce((sum, { resources }) => sum + milli(resources?.requests?.cpu), 0);
    used.set(spec.nodeName, (used.get(spec.nodeName) ?? 0) + own);
  }
  return used;
}

/** Where a pod that wants nothing special runs. */
export async function nodeForPods(c: Context): Promise<string> {
  const pods = podsOf(c);
  const { spec } = await runPod(pods, pausePod('without-label'));
  await pods.remove('without-label?gracePeriodSeconds=0');
  await pods.gone('without-label');
  return spec?.nodeName ?? '';
}

/** The pod finds no node, and an event says why. */
async function staysOut(c: Context, name: string, why: string): Promise<void> {
  await podsOf(c).until(name, isUnschedulable);
  const events = within<Event>(c, 'v1', 'events');
  const told = async () =>
    (await events.items()).some(
      ({ involvedObject, reason, message }) => involvedObject?.name === name && reason === 'FailedScheduling' && message?.includes(why),
    );
  await until(told, `an event that ${why}`);
}
