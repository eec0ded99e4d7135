import assert from 'node:assert/strict';
import { compareQuantities, parseQuantity } from '@keelson/machinery';
import { eventually } from '@keelson/testing';
import type { Pod, ResourceQuota } from '@keelson/types';
import type { Context } from '../context.ts';
import { refusal } from '../custom.ts';
import type { Specs } from '../specs.ts';

const area = '[sig-api-machinery] ResourceQuota';
const merge = { 'content-type': 'application/strategic-merge-patch+json' };
type Amounts = Readonly<Record<string, string>>;

const core = ({ namespace }: Context, resource: string): string => `/api/v1/namespaces/${namespace}/${resource}`;
const quotas = (c: Context): string => core(c, 'resourcequotas');
const dongle = 'example.com/dongle';

/** What upstream's specs allow. */
const usual: Amounts = {
  ...{ pods: '5', services: '10', 'services.nodeports': '1', 'services.loadbalancers': '1' },
  ...{ replicationcontrollers: '10', resourcequotas: '1', cpu: '1', memory: '500Mi', configmaps: '10', secrets: '10' },
  ...{ persistentvolumeclaims: '10', 'requests.storage': '10Gi', 'ephemeral-storage': '50Gi' },
  ...{ 'gold.storageclass.storage.k8s.io/persistentvolumeclaims': '10', 'gold.storageclass.storage.k8s.io/requests.storage': '10Gi' },
  ...{ 'count/replicasets.apps': '5', [`requests.${dongle}`]: '3' },
};

const create = (c: Context, name: string, spec: object, labels = {}): Promise<ResourceQuota> =>
  c.must<ResourceQuota>({ method: 'POST', path: quotas(c), body: { metadata: { name, labels }, spec } });

const equal = (one: string | undefined, other: string): boolean =>
  one !== undefined && compareQuantities(parseQuantity(one), parseQuantity(other)) === 0;

/** Waits until a quota says that so much is used. */
async function uses(c: Context, name: string, amounts: Amounts): Promise<void> {
  const has = async (): Promise<boolean> => {
    const { spec, status } = await c.must<ResourceQuota>({ path: `${quotas(c)}/${name}` });
    if (!status?.hard || !status.used) return false;
    const used = status.used as Amounts;
    assert.deepEqual(Object.keys(status.hard).sort(), Object.keys(spec?.hard ?? {}).sort());
    for (const [resource, amount] of Object.entries(amounts)) assert.ok(equal(used[resource], amount), `${resource}: ${used[resource]}`);
    return true;
  };
  await eventually(has, { deadlineMs: 60_000, message: `${name} uses ${JSON.stringify(amounts)}` });
}

const pod = (name: string, requests: Amounts = {}, limits: Amounts = {}, rest = {}): object => ({
  metadata: { name },
  spec: {
    ...rest,
    // It is never to run: what it asks for is what counts.
    nodeSelector: { 'x-test.k8s.io/unsatisfiable': 'not-schedulable' },
    containers: [{ name: 'pause', image: 'registry.k8s.io/pause:3.10.1', resources: { requests, limits } }],
  },
});
const post = (c: Context, resource: string, body: object) => c.ask({ method: 'POST', path: core(c, resource), body });
const made = async <T>(c: Context, resource: string, body: object): Promise<T> =>
  c.must<T & object>({ method: 'POST', path: core(c, resource), body });
const remove = (c: Context, path: string, options = {}): Promise<object> =>
  c.must({ method: 'DELETE', path, body: { kind: 'DeleteOptions', apiVersion: 'v1', ...options } });
const removePod = (c: Context, name: string): Promise<object> => remove(c, `${core(c, 'pods')}/${name}`, { gracePeriodSeconds: 0 });
const count = async (c: Context, path: string): Promise<number> => (await c.must<{ items: object[] }>({ path })).items.length;

/** An object that comes and goes is counted while it is there. */
async function counts(c: Context, what: { counted: string; path: string; body: object; before?: number; options?: object }): Promise<void> {
  const { counted, path, body, before = 0, options = {} } = what;
  await create(c, 'test-quota', { hard: { ...usual, ...(before > 0 ? { [counted]: `${before + 1}` } : {}) } });
  await uses(c, 'test-quota', { resourcequotas: '1', [counted]: `${before}` });
  const { metadata } = await c.must({ method: 'POST', path, body });
  await uses(c, 'test-quota', { resourcequotas: '1', [counted]: `${before + 1}` });
  await remove(c, `${path}/${metadata.name}`, options);
  await uses(c, 'test-quota', { resourcequotas: '1', [counted]: `${before}` });
}

const template = { metadata: { labels: { name: 'test' } }, spec: { containers: [{ name: 'nginx', image: 'nginx' }] } };
const service = (name: string, type: string, rest = {}): object => ({
  ...{ metadata: { name }, spec: { type, ports: [{ port: 80, targetPort: 80 }], ...rest } },
});
const nothing: Amounts = { 'requests.cpu': '0', 'requests.memory': '0', 'limits.cpu': '0', 'limits.memory': '0', pods: '0' };
const something: Amounts = { 'requests.cpu': '500m', 'requests.memory': '200Mi', 'limits.cpu': '1', 'limits.memory': '400Mi', pods: '1' };
const requests = { cpu: '500m', memory: '200Mi' };
const limits = { cpu: '1', memory: '400Mi' };

/** A pod counts for the quota of its scope and not for the other. */
async function countsFor(c: Context, body: object, [own, other]: readonly [string, string], amounts: { used: Amounts; none: Amounts }) {
  const { metadata } = await made<Pod>(c, 'pods', body);
  await uses(c, own, amounts.used);
  await uses(c, other, amounts.none);
  await removePod(c, metadata.name ?? '');
  await uses(c, own, amounts.none);
}

export const resourceQuota: Specs = {
  async [`${area} should create a ResourceQuota and ensure its status is promptly calculated.`](c) {
    await create(c, 'test-quota', { hard: usual });
    await uses(c, 'test-quota', { resourcequotas: '1' });
  },

  async [`${area} should create a ResourceQuota and capture the life of a service.`](c) {
    await create(c, 'test-quota', { hard: usual });
    await uses(c, 'test-quota', { resourcequotas: '1' });
    await made(c, 'services', service('test-service', 'ClusterIP'));
    await made(c, 'services', service('test-service-np', 'NodePort'));
    const balanced = service('test-service-lb', 'LoadBalancer', { allocateLoadBalancerNodePorts: true });
    const refused = await post(c, 'services', balanced);
    assert.match(
      refusal(refused),
      /exceeded quota: test-quota, requested: services\.nodeports=1, used: services\.nodeports=1, limited: services\.nodeports=1/,
    );
    assert.equal(refused.status, 403);
    await uses(c, 'test-quota', { resourcequotas: '1', services: '2', 'services.nodeports': '1', 'services.loadbalancers': '0' });
    for (const name of ['test-service', 'test-service-np']) await remove(c, `${core(c, 'services')}/${name}`);
    await uses(c, 'test-quota', { resourcequotas: '1', services: '0', 'services.nodeports': '0' });
  },

  async [`${area} should create a ResourceQuota and capture the life of a secret.`](c) {
    const path = core(c, 'secrets');
    await counts(c, { counted: 'secrets', path, body: { metadata: { name: 'test-secret' } }, before: await count(c, path) });
  },

  async [`${area} should create a ResourceQuota and capture the life of a configMap.`](c) {
    const path = core(c, 'configmaps');
    const before = await eventually(() => count(c, path), { message: 'the root certificates are published' });
    await counts(c, { counted: 'configmaps', path, body: { metadata: { name: 'test-configmap' } }, before });
  },

  async [`${area} should create a ResourceQuota and capture the life of a replication controller.`](c) {
    const body = { metadata: { name: 'test-rc' }, spec: { replicas: 0, selector: { name: 'test' }, template } };
    const path = core(c, 'replicationcontrollers');
    await counts(c, { counted: 'replicationcontrollers', path, body, options: { propagationPolicy: 'Background' } });
  },

  async [`${area} should create a ResourceQuota and capture the life of a replica set.`](c) {
    const body = { metadata: { name: 'test-rs' }, spec: { replicas: 0, selector: { matchLabels: { name: 'test' } }, template } };
    await counts(c, { counted: 'count/replicasets.apps', path: `/apis/apps/v1/namespaces/${c.namespace}/replicasets`, body });
  },

  async [`${area} should create a ResourceQuota and capture the life of a pod.`](c) {
    await create(c, 'test-quota', { hard: usual });
    await uses(c, 'test-quota', { resourcequotas: '1' });
    const asked = { cpu: '500m', memory: '252Mi', 'ephemeral-storage': '30Gi', [dongle]: '2' };
    const present = await made<Pod>(c, 'pods', pod('test-pod', asked, { [dongle]: '2' }));
    const used = { cpu: '500m', memory: '252Mi', 'ephemeral-storage': '30Gi', [`requests.${dongle}`]: '2', pods: '1' };
    await uses(c, 'test-quota', { resourcequotas: '1', ...used });
    refusal(await post(c, 'pods', pod('fail-pod', { cpu: '600m', memory: '100Mi' })));
    const beyond = { cpu: '500m', memory: '100Mi', 'ephemeral-storage': '30Gi', [dongle]: '2' };
    refusal(await post(c, 'pods', pod('fail-pod-for-extended-resource', beyond, { [dongle]: '2' })));
    const [container] = present.spec?.containers ?? [];
    const other = {
      ...container,
      resources: { ...container?.resources, requests: { cpu: '100m', memory: '100Mi', 'ephemeral-storage': '10Gi' } },
    };
    const body = { ...present, spec: { ...present.spec, containers: [other] } };
    refusal(await c.ask({ method: 'PUT', path: `${core(c, 'pods')}/test-pod`, body }));
    await uses(c, 'test-quota', { resourcequotas: '1', ...used });
    await removePod(c, 'test-pod');
    const none = Object.fromEntries(Object.keys(used).map((resource) => [resource, '0']));
    await uses(c, 'test-quota', { resourcequotas: '1', ...none });
  },

  async [`${area} should verify ResourceQuota with terminating scopes.`](c) {
    const hard = { pods: '5', 'requests.cpu': '1', 'requests.memory': '500Mi', 'limits.cpu': '2', 'limits.memory': '1Gi' };
    const names = { Terminating: 'quota-terminating', NotTerminating: 'quota-not-terminating' };
    for (const [scope, name] of Object.entries(names)) {
      await create(c, name, { hard, scopes: [scope] });
      await uses(c, name, { pods: '0' });
    }
    const amounts = { used: something, none: nothing };
    await countsFor(c, pod('test-pod', requests, limits), [names.NotTerminating, names.Terminating], amounts);
    const ending = pod('terminating-pod', requests, limits, { activeDeadlineSeconds: 3600 });
    await countsFor(c, ending, [names.Terminating, names.NotTerminating], amounts);
  },

  async [`${area} should verify ResourceQuota with best effort scope.`](c) {
    const names = { BestEffort: 'quota-besteffort', NotBestEffort: 'quota-not-besteffort' };
    for (const [scope, name] of Object.entries(names)) {
      await create(c, name, { hard: { pods: '5' }, scopes: [scope] });
      await uses(c, name, { pods: '0' });
    }
    const amounts = { used: { pods: '1' }, none: { pods: '0' } };
    await countsFor(c, pod('pfpod'), [names.BestEffort, names.NotBestEffort], amounts);
    await countsFor(c, pod('burstable-pod', requests, limits), [names.NotBestEffort, names.BestEffort], amounts);
  },

  async [`${area} should be able to update and delete ResourceQuota.`](c) {
    const path = `${quotas(c)}/test-quota`;
    const hardOf = async (): Promise<object | undefined> => (await c.must<ResourceQuota>({ path })).spec?.hard;
    await create(c, 'test-quota', { hard: { cpu: '1', memory: '500Mi' } });
    assert.deepEqual(await hardOf(), { cpu: '1', memory: '500Mi' });
    const hard = { cpu: '2', memory: '1Gi' };
    const body = { metadata: { name: 'test-quota', creationTimestamp: null }, spec: { hard }, status: {} };
    assert.deepEqual((await c.must<ResourceQuota>({ method: 'PUT', path, body })).spec?.hard, hard);
    assert.deepEqual(await hardOf(), hard);
    await c.must({ method: 'DELETE', path });
    assert.equal((await c.ask({ path })).status, 404);
  },

  async [`${area} should manage the lifecycle of a ResourceQuota`](c) {
    const name = c.unique('e2e-quota');
    const selector = `labelSelector=${encodeURIComponent(`e2e-rq-label=${name}`)}`;
    await create(c, name, { hard: { cpu: '1', memory: '500Mi' } }, { 'e2e-rq-label': name });
    assert.equal(await count(c, `/api/v1/resourcequotas?${selector}`), 1);
    const body = { metadata: { labels: { [name]: 'patched' } }, spec: { hard: { memory: '750Mi' } } };
    const patched = await c.must<ResourceQuota>({ method: 'PATCH', path: `${quotas(c)}/${name}`, headers: merge, body });
    assert.deepEqual([patched.metadata.labels?.[name], patched.spec?.hard], ['patched', { cpu: '1', memory: '750Mi' }]);
    await c.must({ method: 'DELETE', path: `${quotas(c)}?${selector}` });
    assert.equal((await c.ask({ path: `${quotas(c)}/${name}` })).status, 404);
  },

  async [`${area} should apply changes to a resourcequota status`](c) {
    const name = c.unique('e2e-rq-status');
    const path = `${quotas(c)}/${name}`;
    const selector = `labelSelector=${encodeURIComponent(`e2e-rq-label=${name}`)}`;
    const { metadata } = await c.must<{ metadata: { resourceVersion: string } }>({ path: `/api/v1/resourcequotas?${selector}` });
    const { events } = await c.follow<ResourceQuota>(`${quotas(c)}?${selector}&resourceVersion=${metadata.resourceVersion}`);
    const shown = (hard: Amounts): Promise<boolean> =>
      eventually(() => events.some(({ object }) => Object.entries(hard).every(([key, value]) => hardOf(object)[key] === value)), {
        deadlineMs: 60_000,
        message: JSON.stringify(hard),
      });
    const first = { cpu: '500m', memory: '500Mi' };
    await create(c, name, { hard: first }, { 'e2e-rq-label': name });
    const update = async (): Promise<boolean> => {
      const present = await c.must<ResourceQuota>({ path });
      return (await c.ask({ method: 'PUT', path: `${path}/status`, body: { ...present, status: { hard: first } } })).status === 200;
    };
    await eventually(update);
    await shown(first);
    const second = { cpu: '1', memory: '1Gi' };
    await c.must({ method: 'PATCH', path, headers: merge, body: { spec: { hard: second } } });
    const patchStatus = (hard: Amounts): Promise<ResourceQuota> =>
      c.must<ResourceQuota>({ method: 'PATCH', path: `${path}/status`, headers: merge, body: { status: { hard } } });
    await patchStatus(second);
    await shown(second);
    assert.deepEqual(hardOf(await c.must<ResourceQuota>({ path: `${path}/status` })), second);
    const third = { cpu: '2', memory: '2Gi' };
    assert.deepEqual(hardOf(await patchStatus(third)), third);
    await shown(third);
    const restored = async (): Promise<boolean> => {
      const present = await c.must<ResourceQuota>({ path });
      assert.deepEqual(present.spec?.hard, second);
      const { cpu, memory } = hardOf(present);
      return cpu === '1' && memory === '1Gi';
    };
    await eventually(restored, { deadlineMs: 60_000, message: 'the controller says again what the spec says' });
  },
};

const hardOf = ({ status }: ResourceQuota): Amounts => (status?.hard ?? {}) as Amounts;
