import assert from 'node:assert/strict';
import { eventually } from '@keelson/testing';
import type { Namespace, Pod } from '@keelson/types';
import type { Context } from '../context.ts';
import type { Specs } from '../specs.ts';

const area = '[sig-api-machinery] Namespaces [Serial]';
const namespacesPath = '/api/v1/namespaces';
const merge = { 'content-type': 'application/merge-patch+json' };
const strategic = { 'content-type': 'application/strategic-merge-patch+json' };

/** A namespace with what a new one has, gone when the spec ends. */
async function another(c: Context): Promise<Namespace> {
  const body = { metadata: { name: c.unique('nsdeletetest') } };
  const made = await c.must<Namespace>({ method: 'POST', path: namespacesPath, body });
  const path = `${namespacesPath}/${made.metadata.name}`;
  c.after(() => c.ask({ method: 'DELETE', path }));
  await eventually(async () => (await c.ask({ path: `${path}/serviceaccounts/default` })).status === 200, { deadlineMs: 30_000 });
  return made;
}

async function runningPod(c: Context, path: string, metadata: object = {}): Promise<Pod> {
  const spec = { containers: [{ name: 'nginx', image: 'registry.k8s.io/pause:3.10.1' }] };
  const made = await c.must<Pod>({ method: 'POST', path: `${path}/pods`, body: { metadata: { name: 'test-pod', ...metadata }, spec } });
  const phase = async () => (await c.must<Pod>({ path: `${path}/pods/test-pod` })).status?.phase;
  await eventually(async () => (await phase()) === 'Running', { deadlineMs: 60_000, message: 'the pod runs' });
  return made;
}

const gone = async (c: Context, path: string): Promise<void> => {
  await eventually(async () => (await c.ask({ path })).status === 404, { deadlineMs: 90_000, message: `${path} is gone` });
};

/** Deletes the namespace, makes it again, and finds the object gone. */
async function isEmptied(c: Context, path: string, object: string): Promise<void> {
  await c.must({ method: 'DELETE', path });
  await gone(c, path);
  await c.must({ method: 'POST', path: namespacesPath, body: { metadata: { name: path.split('/').at(-1) } } });
  assert.equal((await c.ask({ path: `${path}/${object}` })).status, 404);
}

export const namespaces: Specs = {
  async [`${area} should apply changes to a namespace status`](c) {
    const path = `${namespacesPath}/${c.namespace}/status`;
    const { status } = await c.must<Namespace>({ path });
    assert.equal(status?.phase, 'Active');
    const condition = { type: 'StatusPatch', status: 'True', reason: 'E2E', message: 'Patched by an e2e test' };
    const annotations = { 'e2e-patched-ns-status': c.namespace };
    const body = { metadata: { annotations }, status: { conditions: [condition] } };
    const patched = await c.must<Namespace>({ method: 'PATCH', path, headers: merge, body });
    assert.equal(patched.metadata.annotations?.['e2e-patched-ns-status'], c.namespace);
    const { type, reason, message } = patched.status?.conditions?.at(-1) ?? {};
    assert.deepEqual({ type, reason, message }, { type: 'StatusPatch', reason: 'E2E', message: 'Patched by an e2e test' });
    const present = await c.must<Namespace>({ path });
    const other = { ...condition, type: 'StatusUpdate', message: 'Updated by an e2e test' };
    const conditions = [...(present.status?.conditions ?? []), other];
    const updated = await c.must<Namespace>({ method: 'PUT', path, body: { ...present, status: { ...present.status, conditions } } });
    assert.deepEqual(
      updated.status?.conditions?.map((each) => [each.type, each.message]),
      [
        ['StatusPatch', 'Patched by an e2e test'],
        ['StatusUpdate', 'Updated by an e2e test'],
      ],
    );
    assert.equal(updated.status?.phase, 'Active');
  },

  async [`${area} should patch a Namespace`](c) {
    const made = await another(c);
    const path = `${namespacesPath}/${made.metadata.name}`;
    const body = { metadata: { labels: { testLabel: 'testValue' } } };
    const patched = await c.must<Namespace>({ method: 'PATCH', path, headers: strategic, body });
    assert.ok(BigInt(patched.metadata.resourceVersion ?? 0) > BigInt(made.metadata.resourceVersion ?? 0));
    assert.equal((await c.must<Namespace>({ path })).metadata.labels?.testLabel, 'testValue');
  },

  async [`${area} should apply an update to a Namespace`](c) {
    const path = `${namespacesPath}/${c.namespace}`;
    const present = await c.must<Namespace>({ path });
    const labels = { ...present.metadata.labels, [c.namespace]: 'updated' };
    const body = { ...present, metadata: { ...present.metadata, labels } };
    assert.deepEqual((await c.must<Namespace>({ method: 'PUT', path, body })).metadata.labels, labels);
  },

  async [`${area} should apply a finalizer to a Namespace`](c) {
    const path = `${namespacesPath}/${(await another(c)).metadata.name}`;
    const finalize = async (finalizers: string[]): Promise<string[] | undefined> => {
      const present = await c.must<Namespace>({ path });
      const body = { ...present, spec: { ...present.spec, finalizers } };
      return (await c.must<Namespace>({ method: 'PUT', path: `${path}/finalize`, body })).spec?.finalizers;
    };
    const fake = 'e2e.example.com/fakeFinalizer';
    assert.deepEqual(await finalize(['kubernetes', fake]), ['kubernetes', fake]);
    assert.deepEqual(await finalize(['kubernetes']), ['kubernetes']);
  },

  async [`${area} should ensure that all services are removed when a namespace is deleted`](c) {
    const path = `${namespacesPath}/${(await another(c)).metadata.name}`;
    const spec = { selector: { foo: 'bar', baz: 'blah' }, ports: [{ port: 80, targetPort: 80 }] };
    await c.must({ method: 'POST', path: `${path}/services`, body: { metadata: { name: 'test-service' }, spec } });
    await isEmptied(c, path, 'services/test-service');
  },

  async [`${area} should ensure that all pods are removed when a namespace is deleted`](c) {
    const path = `${namespacesPath}/${(await another(c)).metadata.name}`;
    await runningPod(c, path);
    await isEmptied(c, path, 'pods/test-pod');
  },

  async '[sig-api-machinery] OrderedNamespaceDeletion namespace deletion should delete pod first'(c) {
    const path = `${namespacesPath}/${(await another(c)).metadata.name}`;
    await runningPod(c, path, { finalizers: ['e2e.example.com/finalizer'] });
    await c.must({ method: 'POST', path: `${path}/configmaps`, body: { metadata: { name: 'test-configmap' }, data: { key: 'value' } } });
    await c.must({ method: 'DELETE', path });
    const stuck = async (): Promise<boolean> => {
      const { status } = await c.must<Namespace>({ path });
      const failed = status?.conditions?.some(({ type }) => type === 'NamespaceDeletionContentFailure') ?? false;
      return status?.phase === 'Terminating' && failed;
    };
    await eventually(stuck, { deadlineMs: 60_000, message: 'the namespace says that its content remains' });
    await c.must({ path: `${path}/configmaps/test-configmap` });
    const pod = `${path}/pods/test-pod`;
    const deleted = async () => (await c.must<Pod>({ path: pod })).metadata.deletionTimestamp;
    await eventually(deleted, { deadlineMs: 60_000, message: 'the pod is being deleted' });
    await c.must({ path: `${path}/configmaps/test-configmap` });
    const release = async (): Promise<boolean> => {
      const present = await c.must<Pod>({ path: pod });
      const body = { ...present, metadata: { ...present.metadata, finalizers: [] } };
      return (await c.ask({ method: 'PUT', path: pod, body })).status === 200;
    };
    await eventually(release);
    await gone(c, pod);
    await gone(c, path);
  },
};
