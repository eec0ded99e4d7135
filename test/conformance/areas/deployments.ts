import assert from 'node:assert/strict';
import type { Deployment, ReplicaSet } from '@keelson/types';
import type { Context } from '../context.ts';
import { isReady, paused, podsOf } from '../pods.ts';
import { across, seen, until, within } from '../resource.ts';
import type { Specs } from '../specs.ts';
import { neverReady, reports, scales, templateOf, type Workload, workload } from '../workloads.ts';

const area = '[sig-apps] Deployment';
const revision = 'deployment.kubernetes.io/revision';
const deploymentsOf = (c: Context) => within<Deployment>(c, 'apps/v1', 'deployments');
const setsOf = (c: Context) => within<ReplicaSet>(c, 'apps/v1', 'replicasets');
const withImage = (labels: Record<string, string>, image: string, rest: object = {}) =>
  templateOf(labels, { containers: [paused({ image })], ...rest });

export const deployments: Specs = {
  async [`${area} Deployment should have a working scale subresource`](c) {
    await deploymentsOf(c).create(workload('test-new-deployment', 1));
    await available(c, 'test-new-deployment', 1);
    await scales(within<Workload>(c, 'apps/v1', 'deployments'), 'test-new-deployment', 1);
  },

  async [`${area} should validate Deployment Status endpoints`](c) {
    await deploymentsOf(c).create(workload('test-deployment', 1));
    await available(c, 'test-deployment', 1);
    await reports(within<Workload>(c, 'apps/v1', 'deployments'), 'test-deployment');
  },

  async [`${area} RecreateDeployment should delete old pods and create new ones`](c) {
    const labels = { name: 'sample-pod-3' };
    const name = 'test-recreate-deployment';
    await deploymentsOf(c).create(workload(name, 1, { strategy: { type: 'Recreate' }, template: withImage(labels, 'agnhost') }, labels));
    await available(c, name, 1);
    const following = await podsOf(c).follow({ labelSelector: 'name=sample-pod-3' });
    await deploymentsOf(c).patch(name, { spec: { template: withImage(labels, 'httpd') } });
    await seen(following, ({ object }) => object.spec?.containers[0]?.image === 'httpd' && isReady(object));
    const alive = new Set<string>();
    for (const { type, object } of following.events) {
      const image = object.spec?.containers[0]?.image ?? '';
      if (type === 'DELETED') alive.delete(object.metadata.name ?? '');
      else {
        if (image === 'agnhost') alive.add(object.metadata.name ?? '');
        assert.ok(image === 'agnhost' || alive.size === 0, 'a new pod beside an old one');
      }
    }
  },

  async [`${area} RollingUpdateDeployment should delete old pods and create new ones`](c) {
    const labels = { name: 'sample-pod', pod: 'httpd' };
    const set = workload('test-rolling-update-controller', 1, { template: withImage(labels, 'httpd') }, labels);
    await setsOf(c).create({ ...set, metadata: { ...set.metadata, annotations: { [revision]: '3546343826724305832' } } });
    await setsOf(c).until('test-rolling-update-controller', ({ status }) => status?.readyReplicas === 1);
    const name = 'test-rolling-update-deployment';
    const template = withImage({ name: 'sample-pod', pod: 'agnhost' }, 'agnhost');
    const selector = { matchLabels: { name: 'sample-pod' } };
    await deploymentsOf(c).create(workload(name, 1, { selector, template }, { name: 'sample-pod' }));
    const { metadata } = await until(async () => {
      const present = await deploymentsOf(c).get(name);
      return present.metadata.annotations?.[revision] === '3546343826724305833' && present.status?.availableReplicas === 1 && present;
    });
    const sets = await setsOf(c).items('name=sample-pod');
    const owned = sets.filter(({ metadata: { ownerReferences } }) => ownerReferences?.some(({ uid }) => uid === metadata.uid));
    assert.equal(owned.length, 2);
    const old = await setsOf(c).until('test-rolling-update-controller', ({ status }) => status?.replicas === 0);
    assert.equal(old.spec?.replicas, 0);
    await podsOf(c).count('name=sample-pod', 1);
  },

  async [`${area} deployment should delete old replica sets`](c) {
    const labels = { name: 'cleanup-pod' };
    await setsOf(c).create(workload('test-cleanup-controller', 1, { template: withImage(labels, 'httpd') }, labels));
    await setsOf(c).until('test-cleanup-controller', ({ status }) => status?.readyReplicas === 1);
    const following = await podsOf(c).follow({ labelSelector: 'name=cleanup-pod' });
    const template = withImage(labels, 'agnhost');
    await deploymentsOf(c).create(workload('test-cleanup-deployment', 1, { revisionHistoryLimit: 0, template }, labels));
    await setsOf(c).gone('test-cleanup-controller');
    await setsOf(c).count('name=cleanup-pod', 1);
    const created = new Set(following.events.filter(({ type }) => type === 'ADDED').map(({ object }) => object.metadata.name));
    assert.ok(created.size <= 2);
  },

  async [`${area} deployment should support rollover`](c) {
    const labels = { name: 'rollover-pod' };
    const name = 'test-rollover-deployment';
    await setsOf(c).create(workload('test-rollover-controller', 1, { template: withImage(labels, 'httpd') }, labels));
    await setsOf(c).until('test-rollover-controller', ({ status }) => status?.readyReplicas === 1);
    const strategy = { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } };
    const first = withImage(labels, 'redis-slave:gb_nonexistent', neverReady);
    await deploymentsOf(c).create(workload(name, 1, { strategy, minReadySeconds: 2, template: first }, labels));
    const stuck = await until(async () => {
      const sets = await setsOf(c).items('name=rollover-pod');
      return sets.find(({ spec }) => spec?.template?.spec?.containers[0]?.image === 'redis-slave:gb_nonexistent');
    });
    assert.equal((await setsOf(c).get('test-rollover-controller')).status?.readyReplicas, 1);
    await deploymentsOf(c).update(
      name,
      (present) => ({ ...present, spec: { ...present.spec, template: withImage(labels, 'agnhost') } }) as Deployment,
    );
    const done = await deploymentsOf(c).until(
      name,
      ({ metadata, status }) =>
        status?.observedGeneration === metadata.generation &&
        status?.updatedReplicas === 1 &&
        status.availableReplicas === 1 &&
        status.replicas === 1,
    );
    assert.equal(done.status?.unavailableReplicas ?? 0, 0);
    for (const old of ['test-rollover-controller', stuck.metadata.name ?? '']) {
      const set = await setsOf(c).until(old, ({ status }) => status?.replicas === 0);
      assert.equal(set.spec?.replicas, 0);
    }
  },

  async [`${area} deployment should support proportional scaling`](c) {
    const labels = { name: 'httpd' };
    const name = 'webserver-deployment';
    const strategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } };
    await deploymentsOf(c).create(workload(name, 10, { strategy, template: withImage(labels, 'httpd') }, labels));
    await available(c, name, 10);
    const [first] = await setsOf(c).items('name=httpd');
    const firstName = first?.metadata.name ?? '';
    await deploymentsOf(c).patch(name, { spec: { template: withImage(labels, 'webserver:404', neverReady) } });
    await setsOf(c).until(firstName, ({ spec, status }) => spec?.replicas === 8 && status?.availableReplicas === 8);
    const second = await until(async () =>
      (await setsOf(c).items('name=httpd')).find(({ metadata, spec }) => metadata.name !== firstName && spec?.replicas === 5),
    );
    const secondName = second.metadata.name ?? '';
    await setsOf(c).until(secondName, ({ status }) => status?.replicas === 5 && (status.availableReplicas ?? 0) === 0);
    await deploymentsOf(c).patch(name, { spec: { replicas: 30 } });
    await setsOf(c).until(firstName, ({ spec }) => spec?.replicas === 20);
    await setsOf(c).until(secondName, ({ spec }) => spec?.replicas === 13);
  },

  async [`${area} should run the lifecycle of a Deployment`](c) {
    const resource = deploymentsOf(c);
    const name = 'test-deployment';
    const labels = { 'test-deployment-static': c.unique('true') };
    const selector = `test-deployment-static=${labels['test-deployment-static']}`;
    const following = await resource.follow({ labelSelector: selector });
    const body = (extra: Record<string, string>, image: string) => ({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name, namespace: c.namespace, creationTimestamp: null, labels: { ...labels, ...extra } },
      spec: {
        ...{ replicas: 2, selector: { matchLabels: labels }, strategy: {} },
        template: {
          metadata: { creationTimestamp: null, labels },
          spec: { containers: [{ name, image, resources: {} }], terminationGracePeriodSeconds: 1 },
        },
      },
      status: {},
    });
    await resource.create(body({}, 'agnhost'));
    await seen(following, ({ type }) => type === 'ADDED');
    await seen(following, ({ object }) => object.status?.readyReplicas === 2);
    const container = { name, image: 'pause', command: ['/bin/sleep', '100000'] };
    const spec = { replicas: 1, template: { spec: { terminationGracePeriodSeconds: 2, containers: [container] } } };
    await resource.patch(name, { metadata: { labels: { 'test-deployment': 'patched' } }, spec });
    const image = ({ spec }: Deployment) => spec?.template.spec?.containers[0]?.image;
    const isDone = ({ spec, status }: Deployment) =>
      status?.readyReplicas === 1 &&
      status.updatedReplicas === 1 &&
      (status.unavailableReplicas ?? 0) === 0 &&
      spec.template.spec?.terminationGracePeriodSeconds === 2;
    await seen(following, ({ type, object }) => type === 'MODIFIED' && image(object) === 'pause' && isDone(object));
    assert.equal((await across<Deployment>(c, 'apps/v1', 'deployments').items(selector)).length, 1);
    await resource.replace(body({ 'test-deployment': 'updated' }, 'httpd') as unknown as Deployment);
    const check = async (): Promise<void> => {
      const present = await resource.get(`${name}/status`);
      assert.equal(image(present), 'httpd');
      assert.equal(present.metadata.labels?.['test-deployment'], 'updated');
    };
    await check();
    await seen(following, ({ object }) => image(object) === 'httpd' && object.status?.readyReplicas === 2);
    await resource.patch(`${name}/status`, {
      metadata: { labels: { 'test-deployment': 'patched-status' } },
      status: { readyReplicas: 0, availableReplicas: 0 },
    });
    await check();
    await resource.until(name, ({ status }) => status?.readyReplicas === 2);
    const path = `?labelSelector=${encodeURIComponent(selector)}`;
    assert.equal((await resource.ask('DELETE', path, { gracePeriodSeconds: 0 })).status, 200);
    await seen(following, ({ type }) => type === 'DELETED');
  },
};

async function available(c: Context, name: string, replicas: number): Promise<void> {
  await deploymentsOf(c).until(name, ({ status }) => status?.availableReplicas === replicas && status.updatedReplicas === replicas);
}
