import assert from 'node:assert/strict';
import type { Pod, StatefulSet } from '@keelson/types';
import type { Context } from '../context.ts';
import { isReady, podsOf } from '../pods.ts';
import { until, within } from '../resource.ts';
import type { Spec, Specs } from '../specs.ts';
import { busybox, hello } from './images.ts';
import { agent, execScript, lasting, rest, shell, started } from './run.ts';

const area = '[sig-apps] StatefulSet Basic StatefulSet functionality [StatefulSetBasic]';
const name = 'ss';
const setsOf = (c: Context) => within<StatefulSet>(c, 'apps/v1', 'statefulsets');

/** Every replica answers, through the API server, with its own name. */
const serves =
  (apiVersion: string, plural: string): Spec =>
  async (c) => {
    const labels = { name: 'basic' };
    const selector = plural === 'replicasets' ? { matchLabels: labels } : labels;
    const template = { metadata: { labels }, spec: { terminationGracePeriodSeconds: 0, containers: [agent(9376)] } };
    await within(c, apiVersion, plural).create({ metadata: { name: 'basic' }, spec: { replicas: 2, selector, template } });
    const pods = await until(async () => {
      const all = await podsOf(c).items('name=basic');
      return all.length === 2 && all.every(isReady) && all;
    }, 'two ready pods');
    for (const { metadata } of pods) {
      const { status, text } = await podsOf(c).ask('GET', `${metadata.name}/proxy/`);
      assert.deepEqual([status, text], [200, metadata.name]);
    }
  };

/** A web server that is ready while it has a page. */
const web = shell('mkdir -p /www && echo ok >/www/index.html; trap "exit 0" TERM; httpd -f -p 80 -h /www & wait', {
  name: 'webserver',
  readinessProbe: { httpGet: { path: '/index.html', port: 80 }, periodSeconds: 1, successThreshold: 1, failureThreshold: 1 },
});

const labels = { foo: 'bar', baz: 'blah' };
const selector = 'baz=blah,foo=bar';

async function create(c: Context, replicas: number, spec: object = {}): Promise<void> {
  const service = {
    metadata: { name: 'test', labels },
    spec: { clusterIP: 'None', selector: labels, ports: [{ port: 80, name: 'http' }] },
  };
  await within(c, 'v1', 'services').create(service);
  const template = { metadata: { labels }, spec: { containers: [web] } };
  await setsOf(c).create({
    metadata: { name, labels },
    spec: { serviceName: 'test', replicas, selector: { matchLabels: labels }, template, ...spec },
  });
}

const ordinalOf = ({ metadata }: Pod): number => Number(metadata.name?.split('-').at(-1));

/** Its pods in the order of their numbers. */
const podsOfSet = async (c: Context): Promise<readonly Pod[]> =>
  [...(await podsOf(c).items(selector))].toSorted((a, b) => ordinalOf(a) - ordinalOf(b));

/** Waits until that many pods are there and so many of them ready. */
const settled = async (c: Context, pods: number, ready: number): Promise<void> => {
  await slowly(async () => {
    const all = await podsOfSet(c);
    return all.length === pods && all.filter((pod) => isReady(pod) && !pod.metadata.deletionTimestamp).length === ready;
  });
  await setsOf(c).until(name, ({ status }) => (status?.readyReplicas ?? 0) === ready && status?.replicas === pods);
};

/** Containers take their time: three times what a control plane alone would be given. */
async function slowly(condition: () => Promise<boolean>): Promise<void> {
  const patient = () => until(condition);
  await patient().catch(patient).catch(patient);
}

const scale = (c: Context, replicas: number) => setsOf(c).patch(name, { spec: { replicas } });
const spoil = 'mv -v /www/index.html /tmp/ || true';
const mend = 'mv -v /tmp/index.html /www/ || true';
const all = async (c: Context, script: string): Promise<void> => {
  for (const pod of await podsOfSet(c)) await execScript(c, `${name}-${ordinalOf(pod)}`, script);
};

/** That many pods now, and still after ten seconds. */
async function stays(c: Context, pods: number): Promise<void> {
  for (let second = 0; second < 10; second++) {
    assert.equal((await podsOfSet(c)).length, pods);
    await rest(1000);
  }
}

const revisionOf = ({ metadata }: Pod) => metadata.labels?.['controller-revision-hash'];
const imageOf = ({ spec }: Pod) => spec.containers[0]?.image;

/** Changes the image while the second pod is not ready; mends it, and waits until all run what is wanted. */
async function changesImage(c: Context, from: string, to: string): Promise<void> {
  const { status } = await setsOf(c).get(name);
  assert.equal(status?.currentRevision, status?.updateRevision);
  for (const pod of await podsOfSet(c)) assert.deepEqual([revisionOf(pod), imageOf(pod)], [status?.currentRevision, from]);
  await execScript(c, 'ss-1', spoil);
  await podsOf(c).until('ss-1', (pod) => !isReady(pod));
  await setsOf(c).patch(name, { spec: { template: { spec: { containers: [{ name: 'webserver', image: to }] } } } });
  const changing = await setsOf(c).until(name, ({ status }) => status?.currentRevision !== status?.updateRevision);
  const following = await podsOf(c).follow({ labelSelector: selector });
  await execScript(c, 'ss-1', mend);
  await slowly(async () => (await podsOfSet(c)).every((pod) => isReady(pod) && revisionOf(pod) === changing.status?.updateRevision));
  await settled(c, 3, 3);
  const done = await setsOf(c).until(name, ({ status }) => status?.currentRevision === status?.updateRevision);
  assert.equal(done.status?.currentRevision, changing.status?.updateRevision);
  for (const pod of await podsOfSet(c)) assert.equal(imageOf(pod), to);
  const gone = following.events.filter(({ type }) => type === 'DELETED').map(({ object }) => object.metadata.name);
  assert.deepEqual(gone, ['ss-2', 'ss-1', 'ss-0']);
}

export const workloads: Specs = {
  '[sig-apps] ReplicationController should serve a basic image on each replica with a public image': serves('v1', 'replicationcontrollers'),
  '[sig-apps] ReplicaSet should serve a basic image on each replica with a public image': serves('apps/v1', 'replicasets'),

  async [`${area} should perform rolling updates and roll backs of template modifications`](c) {
    await create(c, 3);
    await settled(c, 3, 3);
    await changesImage(c, busybox, hello);
    await changesImage(c, hello, busybox);
  },

  async [`${area} Scaling should happen in predictable order and halt if any stateful pod is unhealthy [Slow]`](c) {
    const following = await podsOf(c).follow({ labelSelector: selector });
    const order = (type: string) => following.events.filter((event) => event.type === type).map(({ object }) => object.metadata.name);
    await create(c, 1);
    await settled(c, 1, 1);
    await all(c, spoil);
    await settled(c, 1, 0);
    await scale(c, 3);
    await stays(c, 1);
    await all(c, mend);
    await settled(c, 3, 3);
    assert.deepEqual(order('ADDED'), ['ss-0', 'ss-1', 'ss-2']);
    await all(c, spoil);
    await settled(c, 3, 0);
    await scale(c, 0);
    await stays(c, 3);
    await all(c, mend);
    await settled(c, 0, 0);
    assert.deepEqual(order('DELETED'), ['ss-2', 'ss-1', 'ss-0']);
  },

  async [`${area} Burst scaling should run to completion even with unhealthy pods [Slow]`](c) {
    await create(c, 1, { podManagementPolicy: 'Parallel' });
    await settled(c, 1, 1);
    await all(c, spoil);
    await settled(c, 1, 0);
    await scale(c, 3);
    await slowly(async () => (await podsOfSet(c)).length === 3);
    await all(c, mend);
    await settled(c, 3, 3);
    await all(c, spoil);
    await settled(c, 3, 0);
    await scale(c, 0);
    await settled(c, 0, 0);
  },

  async [`${area} Should recreate evicted statefulset`](c) {
    const ports = [{ containerPort: 21017, hostPort: 21017 }];
    const holder = await started(c, lasting('test-pod', [{ ...web, ports }]));
    const spec = { nodeName: holder.spec.nodeName, containers: [{ ...web, ports }] };
    const following = await podsOf(c).follow({ labelSelector: selector });
    await create(c, 1, { template: { metadata: { labels }, spec } });
    const failed = await until(() => following.events.find(({ object }) => object.status?.phase === 'Failed'), 'a pod the node refuses');
    await until(
      () => following.events.find(({ type, object }) => type === 'DELETED' && object.metadata.uid === failed.object.metadata.uid),
      'the refused pod to be deleted',
    );
    await podsOf(c).remove('test-pod');
    await slowly(async () => {
      const [pod] = await podsOfSet(c);
      return pod?.status?.phase === 'Running' && pod.metadata.uid !== failed.object.metadata.uid;
    });
  },
};
