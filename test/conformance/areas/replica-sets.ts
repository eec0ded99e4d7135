import assert from 'node:assert/strict';
import type { Pod, ReplicaSet, ReplicationController, ResourceQuota } from '@keelson/types';
import type { Context } from '../context.ts';
import { pausePod, podsOf, runPod } from '../pods.ts';
import { across, type Resource, seen, until, within, withLabels } from '../resource.ts';
import type { Specs } from '../specs.ts';
import { controllerOf, reports, scales, templateOf, type Workload, workload } from '../workloads.ts';

const sets = '[sig-apps] ReplicaSet';
const controllers = '[sig-apps] ReplicationController';
const setsOf = (c: Context) => within<ReplicaSet>(c, 'apps/v1', 'replicasets');
const controllersOf = (c: Context) => within<ReplicationController>(c, 'v1', 'replicationcontrollers');

/** A ReplicationController selects by a plain map. */
const oldWorkload = (name: string, replicas: number) => {
  const made = workload(name, replicas);
  return { ...made, spec: { ...made.spec, selector: { name } } };
};

export const replicaSets: Specs = {
  async [`${sets} Replace and Patch tests`](c) {
    const name = 'test-rs';
    const labels = { name: 'sample-pod', pod: 'httpd' };
    const following = await setsOf(c).follow();
    await setsOf(c).create(workload(name, 1, {}, labels));
    await setsOf(c).until(name, ({ status }) => status?.readyReplicas === 1);
    const scale = await setsOf(c).ask('PUT', `${name}/scale`, { metadata: { name, namespace: c.namespace }, spec: { replicas: 2 } });
    assert.equal(scale.status, 200, scale.text);
    await setsOf(c).until(name, ({ status }) => status?.readyReplicas === 2);
    const containers = [{ name: 'pause', image: 'registry.k8s.io/pause:other' }];
    const spec = { replicas: 3, template: { spec: { TerminationGracePeriodSeconds: 1, containers } } };
    await setsOf(c).patch(name, { metadata: { labels: { 'test-rs': 'patched' } }, spec });
    await seen(following, ({ object }) => object.metadata.labels?.['test-rs'] === 'patched' && object.status?.readyReplicas === 3);
  },

  async [`${sets} Replicaset should have a working scale subresource`](c) {
    await setsOf(c).create(workload('test-rs', 1));
    await scales(within<Workload>(c, 'apps/v1', 'replicasets'), 'test-rs', 1);
  },

  async [`${sets} should adopt matching pods on creation and release no longer matching pods`](c) {
    const name = 'pod-adoption-release';
    await runPod(podsOf(c), pausePod(name, {}, { labels: { name } }));
    const { metadata } = await setsOf(c).create(workload(name, 1));
    await adopts(c, name, metadata.uid);
    await releases(c, name);
  },

  async [`${sets} should list and delete a collection of ReplicaSets`](c) {
    const labels = { 'e2e-test': c.unique('rs') };
    const selector = `e2e-test=${labels['e2e-test']}`;
    await setsOf(c).create(workload('test-rs', 3, {}, labels));
    await setsOf(c).until('test-rs', ({ status }) => status?.readyReplicas === 3);
    assert.equal((await across<ReplicaSet>(c, 'apps/v1', 'replicasets').items(selector)).length, 1);
    await setsOf(c).removeAll(selector);
    assert.equal((await across<ReplicaSet>(c, 'apps/v1', 'replicasets').items(selector)).length, 0);
  },

  async [`${sets} should validate Replicaset Status endpoints`](c) {
    await setsOf(c).create(workload('test-rs', 1));
    await setsOf(c).until('test-rs', ({ status }) => status?.readyReplicas === 1);
    await reports(within<Workload>(c, 'apps/v1', 'replicasets'), 'test-rs');
  },

  async [`${controllers} should adopt matching pods on creation`](c) {
    await runPod(podsOf(c), pausePod('pod-adoption', {}, { labels: { name: 'pod-adoption' } }));
    const { metadata } = await controllersOf(c).create(oldWorkload('pod-adoption', 1));
    await adopts(c, 'pod-adoption', metadata.uid);
  },

  async [`${controllers} should release no longer matching pods`](c) {
    await controllersOf(c).create(oldWorkload('pod-release', 1));
    await podsOf(c).count('name=pod-release', 1);
    const [pod] = await podsOf(c).items('name=pod-release');
    await releases(c, pod?.metadata.name ?? '');
  },

  async [`${controllers} should get and update a ReplicationController scale`](c) {
    await controllersOf(c).create(oldWorkload('e2e-rc', 1));
    await scales(within<Workload>(c, 'v1', 'replicationcontrollers'), 'e2e-rc', 1);
  },

  async [`${controllers} should surface a failure condition on a common issue like exceeded quota`](c) {
    const quotas = within<ResourceQuota>(c, 'v1', 'resourcequotas');
    await quotas.create({ metadata: { name: 'condition-test' }, spec: { hard: { pods: '2' } } });
    await quotas.until('condition-test', ({ status }) => status?.hard?.pods === '2');
    await controllersOf(c).create(oldWorkload('condition-test', 3));
    const failed = ({ metadata, status }: ReplicationController) =>
      status?.observedGeneration === metadata.generation && status?.conditions?.some(({ type }) => type === 'ReplicaFailure');
    await controllersOf(c).until('condition-test', failed);
    await controllersOf(c).update('condition-test', (present) => ({ ...present, spec: { ...present.spec, replicas: 2 } }));
    await controllersOf(c).until(
      'condition-test',
      (present) => present.status?.observedGeneration === present.metadata.generation && !failed(present),
    );
  },

  async [`${controllers} should test the lifecycle of a ReplicationController`](c) {
    const resource = controllersOf(c);
    const name = 'rc-test';
    const labels = { 'test-rc-static': c.unique('true') };
    const selector = `test-rc-static=${labels['test-rc-static']}`;
    const following = await resource.follow({ labelSelector: selector });
    await resource.create({ metadata: { name, labels }, spec: { replicas: 1, selector: labels, template: templateOf(labels) } });
    await seen(following, ({ type }) => type === 'ADDED');
    await seen(following, ({ object }) => object.status?.replicas === 1 && object.status.readyReplicas === 1);
    const typed = { metadata: { creationTimestamp: null, labels: { 'test-rc': 'patched' } }, spec: {}, status: { replicas: 0 } };
    assert.equal((await resource.patch(name, typed)).metadata.labels?.['test-rc'], 'patched');
    await seen(following, ({ type, object }) => type === 'MODIFIED' && object.metadata.labels?.['test-rc'] === 'patched');
    const status = await resource.patch(`${name}/status`, { status: { readyReplicas: 0, availableReplicas: 0 } });
    assert.equal(status.status?.readyReplicas ?? 0, 0);
    await seen(following, ({ type, object }) => type === 'MODIFIED' && (object.status?.readyReplicas ?? 0) === 0);
    assert.equal((await resource.get(`${name}/status`)).status?.replicas, 1);
    await resource.until(name, (present) => present.status?.readyReplicas === 1);
    const scale = { metadata: { creationTimestamp: null }, spec: { replicas: 2 }, status: { replicas: 0 } };
    assert.equal((await resource.ask('PATCH', `${name}/scale`, scale, 'strategic')).status, 200);
    await seen(following, ({ object }) => object.status?.replicas === 2 && object.status.readyReplicas === 2);
    const fewer = (present: ReplicationController) => ({
      ...present,
      status: { replicas: 2, ...present.status, availableReplicas: 1, readyReplicas: 1 },
    });
    await resource.update(name, fewer, '/status');
    await seen(following, ({ object }) => object.status?.replicas === 2 && object.status.readyReplicas === 1);
    const listed = await across<ReplicationController>(c, 'v1', 'replicationcontrollers').items(selector);
    assert.equal(listed[0]?.metadata.labels?.['test-rc'], 'patched');
    await resource.removeAll(selector);
    await seen(following, ({ type }) => type === 'DELETED');
  },
};

async function adopts(c: Context, name: string, uid: string | undefined): Promise<void> {
  const pods = podsOf(c);
  await until(async () => controllerOf(await pods.get(name))?.uid === uid, `${name} to be adopted`);
  assert.equal((await pods.items(`name=${name}`)).length, 1);
}

async function releases(c: Context, name: string): Promise<void> {
  const pods: Resource<Pod> = podsOf(c);
  const owner = controllerOf(await until(async () => (await pods.exists(name)) && pods.get(name)));
  assert.ok(owner);
  await pods.update(name, (present) => withLabels(present, { name: 'not-matching-name' }));
  await pods.until(name, (present) => controllerOf(present)?.uid !== owner.uid);
}
