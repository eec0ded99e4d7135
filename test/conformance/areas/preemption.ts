import assert from 'node:assert/strict';
import { sleep, systemClock } from '@keelson/base';
import type { Pod, PriorityClass, ReplicaSet } from '@keelson/types';
import type { Context } from '../context.ts';
import { paused, pausePod, podsOf, runPod } from '../pods.ts';
import { across, seen, until, within } from '../resource.ts';
import type { Specs } from '../specs.ts';
import { nodeForPods, nodesOf, onNode } from './scheduling.ts';

const area = '[sig-scheduling] SchedulerPreemption [Serial]';
const resource = 'scheduling.k8s.io/foo';
const asking = (amount: string, name = resource) => ({
  containers: [paused({ resources: { requests: { [name]: amount }, limits: { [name]: amount } } })],
});
const leaving = ({ metadata }: Pod) => metadata.deletionTimestamp !== undefined;

export const preemption: Specs = {
  async [`${area} validates basic preemption works`](c) {
    const victim = await preempted(c, c.namespace, { priorityClassName: await classOf(c, 1000) });
    assert.match(victim, /low/);
  },

  async [`${area} validates lower priority pod preemption by critical pod`](c) {
    const victim = await preempted(c, 'kube-system', { priorityClassName: 'system-cluster-critical' });
    assert.match(victim, /low/);
  },

  async [`${area} validates pod disruption condition is added to the preempted pod`](c) {
    const node = await nodeForPods(c);
    await advertise(c, [node], resource, '1');
    const pods = podsOf(c);
    const low = { ...asking('1'), priorityClassName: await classOf(c, 1), affinity: onNode(node) };
    await runPod(pods, pausePod('victim-pod', low, { finalizers: ['example.com/test-finalizer'] }));
    const high = { ...asking('1'), priorityClassName: await classOf(c, 1000), affinity: onNode(node) };
    await pods.create(pausePod('preemptor-pod', high));
    const free = () => pods.patch('victim-pod', { metadata: { finalizers: null } }, 'merge');
    c.after(async () => (await pods.exists('victim-pod')) && free());
    const { status } = await pods.until('victim-pod', leaving);
    const condition = status?.conditions?.find(({ type }) => type === 'DisruptionTarget');
    assert.deepEqual([condition?.status, condition?.reason], ['True', 'PreemptionByScheduler']);
    await free();
    await pods.until('preemptor-pod', ({ spec }) => spec?.nodeName);
  },

  async [`${area} PreemptionExecutionPath runs ReplicaSets to verify preemption running path`](c) {
    const fake = 'example.com/fakecpu';
    const node = await nodeForPods(c);
    await advertise(c, [node], fake, '1000');
    const following = await podsOf(c).follow();
    const nodeSelector = { 'kubernetes.io/hostname': (await nodesOf(c).get(node)).metadata.labels?.['kubernetes.io/hostname'] };
    const sets = within<ReplicaSet>(c, 'apps/v1', 'replicasets');
    const spec = async (priority: number, amount: string) => ({
      ...asking(amount, fake),
      ...{ nodeSelector, priorityClassName: await classOf(c, priority), terminationGracePeriodSeconds: 1 },
    });
    for (const [index, amount] of ['200', '300', '450'].entries()) {
      const name = `pod${index + 1}`;
      const template = { metadata: { labels: { name } }, spec: await spec(index + 1, amount) };
      await sets.create({ metadata: { name: `rs-${name}` }, spec: { replicas: 1, selector: { matchLabels: { name } }, template } });
      await sets.until(`rs-${name}`, ({ status }) => status?.availableReplicas === 1);
    }
    await podsOf(c).create(pausePod('pod4', await spec(4, '500')));
    await podsOf(c).until('pod4', (pod) => pod.spec?.nodeName);
    const created = () =>
      ['rs-pod1', 'rs-pod2', 'rs-pod3'].map(
        (prefix) => following.events.filter(({ type, object }) => type === 'ADDED' && object.metadata.name?.startsWith(prefix)).length,
      );
    await until(() => created().join() === '2,2,1', 'each victim to be replaced once');
    await sleep(systemClock, 3_000);
    assert.deepEqual(created(), [2, 2, 1]);
  },

  async [`${area} PriorityClass endpoints verify PriorityClass endpoints can be operated with different HTTP methods`](c) {
    const classes = across<PriorityClass>(c, 'scheduling.k8s.io/v1', 'priorityclasses');
    const [first, second] = [await classOf(c, 1), await classOf(c, 2)];
    const invalid = async (method: string, name: string, body: object) => {
      const reply = await classes.ask(method, name, body, method === 'PATCH' ? 'strategic' : undefined);
      assert.equal(reply.status, 422, reply.text);
    };
    await invalid('PATCH', first, { value: 10 });
    await invalid('PUT', second, { ...(await classes.get(second)), value: 20 });
    const description = 'updated description';
    assert.equal((await classes.patch(first, { description })).description, description);
    assert.equal((await classes.replace({ ...(await classes.get(second)), description })).description, description);
    assert.ok((await classes.items()).length >= 4);
    for (const [name, value] of [
      [first, 1],
      [second, 2],
    ] as const) {
      const present = await classes.get(name);
      assert.deepEqual([present.value, present.description], [value, description]);
    }
  },
};

/** The name of a class of that priority, which is gone when the spec ends. */
async function classOf(c: Context, value: number): Promise<string> {
  const name = c.unique(`sched-preemption-${value}`);
  await across(c, 'scheduling.k8s.io/v1', 'priorityclasses').lend({ metadata: { name }, value });
  return name;
}

/** Nodes have so much of a resource until the spec ends. */
async function advertise(c: Context, nodes: readonly string[], name: string, amount: string | null): Promise<void> {
  for (const node of nodes) {
    const status = (amount: string | null) => ({ status: { capacity: { [name]: amount }, allocatable: { [name]: amount } } });
    await nodesOf(c).patch(`${node}/status`, status(amount));
    c.after(() => nodesOf(c).patch(`${node}/status`, status(null)));
  }
}

/** All nodes are filled by pods of medium priority and one of low; a pod that needs the place of one gets it. Answers whose. */
async function preempted(c: Context, namespace: string, preemptor: object): Promise<string> {
  const nodes = (await nodesOf(c).items()).map(({ metadata }) => metadata.name ?? '');
  await advertise(c, nodes, resource, '5');
  const pods = podsOf(c);
  const [low, medium] = [await classOf(c, 1), await classOf(c, 100)];
  const names: string[] = [];
  for (const node of nodes)
    for (const number of [0, 1]) {
      const name = `${node}-${number}-${names.length === 0 ? 'low' : 'medium'}`;
      await pods.create(pausePod(name, { ...asking('2'), priorityClassName: names.length === 0 ? low : medium, affinity: onNode(node) }));
      names.push(name);
    }
  for (const name of names) await pods.until(name, ({ status }) => status?.phase === 'Running');
  const following = await pods.follow();
  const where = podsOf(c, namespace);
  c.after(() => where.ask('DELETE', 'preemptor-pod?gracePeriodSeconds=0'));
  await runPod(where, pausePod('preemptor-pod', { ...asking('2'), ...preemptor }));
  await seen(following, ({ object }) => leaving(object));
  const left = new Set(following.events.filter(({ object }) => leaving(object)).map(({ object }) => object.metadata.name ?? ''));
  assert.equal(left.size, 1);
  return [...left][0] ?? '';
}
