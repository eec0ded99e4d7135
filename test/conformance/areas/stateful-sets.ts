import assert from 'node:assert/strict';
import type { Pod, StatefulSet } from '@keelson/types';
import type { Context } from '../context.ts';
import { isReady, paused, podsOf } from '../pods.ts';
import { across, until, within } from '../resource.ts';
import type { Specs } from '../specs.ts';
import { reports, scales, templateOf, type Workload, workload } from '../workloads.ts';

const area = '[sig-apps] StatefulSet Basic StatefulSet functionality [StatefulSetBasic]';
const setsOf = (c: Context) => within<StatefulSet>(c, 'apps/v1', 'statefulsets');

async function create(c: Context, name: string, replicas: number, spec: object = {}): Promise<StatefulSet> {
  const service = { metadata: { name: 'test' }, spec: { clusterIP: 'None', selector: { name }, ports: [{ port: 80 }] } };
  await within(c, 'v1', 'services').create(service);
  await setsOf(c).create(workload(name, replicas, { serviceName: 'test', ...spec }));
  return running(c, name, replicas);
}

/** Waits until that many pods are ready and the status says so. */
async function running(c: Context, name: string, replicas: number): Promise<StatefulSet> {
  const all = async () => {
    const pods = await podsOf(c).items(`name=${name}`);
    return pods.length === replicas && pods.every((pod) => isReady(pod) && !pod.metadata.deletionTimestamp);
  };
  await until(all, `${replicas} ready pods of ${name}`);
  return setsOf(c).until(
    name,
    ({ metadata, status }) =>
      status?.replicas === replicas && status.readyReplicas === replicas && (status.observedGeneration ?? 0) >= (metadata.generation ?? 0),
  );
}

export const statefulSets: Specs = {
  async [`${area} should have a working scale subresource`](c) {
    await create(c, 'ss', 1);
    await scales(within<Workload>(c, 'apps/v1', 'statefulsets'), 'ss', 1);
  },

  async [`${area} should validate Statefulset Status endpoints`](c) {
    await create(c, 'ss', 1);
    await reports(within<Workload>(c, 'apps/v1', 'statefulsets'), 'ss');
  },

  async [`${area} should list, patch and delete a collection of StatefulSets`](c) {
    await create(c, 'test-ss', 1);
    const mark = c.unique('patched');
    const containers = [{ name: 'test-ss', image: 'registry.k8s.io/pause:other' }];
    const spec = { replicas: 2, template: { spec: { TerminationGracePeriodSeconds: 1, containers } } };
    await setsOf(c).patch('test-ss', { metadata: { labels: { 'test-ss': mark } }, spec });
    const patched = await setsOf(c).get('test-ss');
    assert.equal(patched.spec?.replicas, 2);
    assert.deepEqual(
      patched.spec?.template.spec?.containers.map(({ name }) => name),
      ['test-ss', 'pause'],
    );
    await running(c, 'test-ss', 2);
    const everywhere = across<StatefulSet>(c, 'apps/v1', 'statefulsets');
    assert.equal((await everywhere.items(`test-ss=${mark}`)).length, 1);
    const path = `?labelSelector=${encodeURIComponent(`test-ss=${mark}`)}`;
    assert.equal((await setsOf(c).ask('DELETE', path, { gracePeriodSeconds: 1 })).status, 200);
    assert.equal((await everywhere.items(`test-ss=${mark}`)).length, 0);
  },

  async [`${area} should perform canary updates and phased rolling updates of template modifications`](c) {
    const name = 'ss2';
    const at = (partition: number) => ({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition } } });
    const template = (image: string) => templateOf({ name }, { containers: [paused({ image })] });
    const made = await create(c, name, 3, { ...at(3), template: template('httpd:old') });
    const first = made.status?.currentRevision;
    assert.ok(first);
    assert.equal(made.status?.updateRevision, first);
    await holds(c, name, ['httpd:old', 'httpd:old', 'httpd:old'], [first, first, first]);
    await setsOf(c).update(name, (present) => ({ ...present, spec: { ...present.spec, template: template('httpd:new') } }) as StatefulSet);
    const updated = await setsOf(c).until(name, ({ status }) => status?.updateRevision !== first);
    const second = updated.status?.updateRevision ?? '';
    assert.equal(updated.status?.currentRevision, first);
    await holds(c, name, ['httpd:old', 'httpd:old', 'httpd:old'], [first, first, first]);
    await setsOf(c).patch(name, { spec: at(2) });
    const canary = [
      ['httpd:old', 'httpd:old', 'httpd:new'],
      [first, first, second],
    ] as const;
    await holds(c, name, ...canary);
    for (const index of [0, 2]) {
      const pod = await podsOf(c).get(`${name}-${index}`);
      await podsOf(c).remove(`${name}-${index}`);
      await until(async () => {
        const reply = await podsOf(c).ask('GET', `${name}-${index}`);
        return reply.status === 200 && reply.json<Pod>().metadata.uid !== pod.metadata.uid;
      });
    }
    await running(c, name, 3);
    await holds(c, name, ...canary);
    await setsOf(c).patch(name, { spec: at(1) });
    await holds(c, name, ['httpd:old', 'httpd:new', 'httpd:new'], [first, second, second]);
    const partway = await setsOf(c).until(name, ({ status }) => status?.updatedReplicas === 2);
    assert.equal(partway.status?.currentRevision, first);
    await setsOf(c).patch(name, { spec: at(0) });
    await holds(c, name, ['httpd:new', 'httpd:new', 'httpd:new'], [second, second, second]);
    await setsOf(c).until(name, ({ status }) => status?.currentRevision === second && status.updateRevision === second);
  },
};

/** Waits until the pods, by their numbers, have these images and revisions, and are ready. */
async function holds(c: Context, name: string, images: readonly string[], revisions: readonly (string | undefined)[]): Promise<void> {
  await until(async () => {
    const pods = await Promise.all(images.map((_, index) => podsOf(c).get(`${name}-${index}`)));
    return pods.every(
      (pod, index) =>
        isReady(pod) &&
        pod.spec?.containers[0]?.image === images[index] &&
        pod.metadata.labels?.['controller-revision-hash'] === revisions[index],
    );
  }, `${name} to hold ${images}`);
}
