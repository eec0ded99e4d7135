import assert from 'node:assert/strict';
import type { KubeObject } from '@keelson/client';
import { eventually } from '@keelson/testing';
import type { APIService, ConfigMap } from '@keelson/types';
import type { Context } from '../context.ts';
import { type Handler, type Listening, serve } from '../hooks.ts';
import type { Specs } from '../specs.ts';

const merge = { 'content-type': 'application/merge-patch+json' };
const strategic = { 'content-type': 'application/strategic-merge-patch+json' };
const services = '/apis/apiregistration.k8s.io/v1/apiservices';
type Condition = { type: string; status: string; reason?: string; message?: string };

/** An API server of somebody else's: one resource of one version, in memory, for requests that the front proxy vouches for. */
function flunders(groupVersion: string): Handler {
  const all = new Map<string, KubeObject>();
  const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
  const resources = [{ name: 'flunders', singularName: 'flunder', namespaced: true, kind: 'Flunder', verbs }];
  const failure = (code: number, reason: string) => ({
    ...{ status: code, body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', code, reason, message: reason } },
  });
  return async ({ method, url = '', headers }, text) => {
    const { pathname } = new URL(url, 'https://flunders');
    if (!headers['x-remote-user']) return failure(401, 'Unauthorized');
    if (pathname === `/apis/${groupVersion}`)
      return { status: 200, body: { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources } };
    const [, namespace, name] = /\/namespaces\/([^/]+)\/flunders(?:\/([^/]+))?$/.exec(pathname) ?? [];
    if (!namespace) return failure(404, 'NotFound');
    if (method === 'POST') {
      const object = JSON.parse(text) as KubeObject;
      all.set(`${namespace}/${object.metadata.name}`, object);
      return { status: 201, body: object };
    }
    if (!name) {
      const items = [...all].filter(([key]) => key.startsWith(`${namespace}/`)).map(([, object]) => object);
      return { status: 200, body: { kind: 'FlunderList', apiVersion: groupVersion, metadata: { resourceVersion: '1' }, items } };
    }
    const found = all.get(`${namespace}/${name}`);
    if (!found) return failure(404, 'NotFound');
    if (method === 'DELETE') all.delete(`${namespace}/${name}`);
    return { status: 200, body: found };
  };
}

/** Serves flunders behind a Service of the spec's namespace. */
async function behindService(c: Context, groupVersion: string): Promise<Listening> {
  const path = '/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication';
  const { data } = await c.must<ConfigMap>({ path });
  const names = [`sample-api.${c.namespace}.svc`];
  const listening = await serve(c, flunders(groupVersion), names, data?.['requestheader-client-ca-file']);
  const spec = { type: 'ExternalName', externalName: listening.host };
  await c.must({ method: 'POST', path: `/api/v1/namespaces/${c.namespace}/services`, body: { metadata: { name: 'sample-api' }, spec } });
  return listening;
}

/** Creates, lists and deletes one, through the aggregator. */
async function comeAndGo(c: Context, path: string, groupVersion: string): Promise<void> {
  const name = c.unique('flunder');
  const body = { apiVersion: groupVersion, kind: 'Flunder', metadata: { name, labels: { 'sample-label': 'true' } } };
  const reply = await c.ask({ method: 'POST', path, body });
  const made = reply.json();
  assert.deepEqual([reply.status, made.apiVersion, made.kind, made.metadata.name], [201, groupVersion, 'Flunder', name]);
  const count = async (): Promise<number> => (await c.must<{ items: object[] }>({ path })).items.length;
  assert.equal(await count(), 1);
  await c.must({ method: 'DELETE', path: `${path}/${name}` });
  assert.equal(await count(), 0);
}

const conditionsOf = ({ status }: APIService): Condition[] => (status?.conditions ?? []) as Condition[];

async function statusTakes(c: Context, path: string, how: 'PUT' | 'PATCH'): Promise<void> {
  const condition = { type: `Status-${how}`, status: 'True', reason: 'E2E', message: 'Set from a spec' };
  const write = async (): Promise<boolean> => {
    const present = await c.must<APIService>({ path: `${path}/status` });
    const status = { conditions: [...conditionsOf(present), condition] };
    const body = how === 'PUT' ? { ...present, status } : { status };
    return (await c.ask({ method: how, path: `${path}/status`, headers: how === 'PUT' ? {} : merge, body })).status === 200;
  };
  await eventually(write);
  const { type, reason, message } = conditionsOf(await c.must<APIService>({ path: `${path}/status` })).find(
    (one) => one.type === condition.type,
  ) ?? { type: 'none' };
  assert.deepEqual({ type, reason, message }, { type: condition.type, reason: 'E2E', message: 'Set from a spec' });
}

export const aggregator: Specs = {
  async '[sig-api-machinery] Aggregator Should be able to support the 1.17 Sample API Server using the current Aggregator [LinuxOnly]'(c) {
    const group = `${c.unique('wardle')}.example.com`;
    const groupVersion = `${group}/v1alpha1`;
    const name = `v1alpha1.${group}`;
    const path = `${services}/${name}`;
    const { port, caBundle } = await behindService(c, groupVersion);
    const spec = {
      ...{ service: { namespace: c.namespace, name: 'sample-api', port }, caBundle },
      ...{ group, version: 'v1alpha1', groupPriorityMinimum: 2000, versionPriority: 200 },
    };
    c.after(() => c.ask({ method: 'DELETE', path }));
    await c.must({ method: 'POST', path: services, body: { metadata: { name }, spec } });
    const objects = `/apis/${groupVersion}/namespaces/${c.namespace}/flunders`;
    const ready = async (): Promise<boolean> => {
      const { status, text } = await c.ask({ path: objects });
      assert.ok([200, 403, 404, 503].includes(status), text);
      return status === 200;
    };
    await eventually(ready, { deadlineMs: 60_000, message: 'flunders are served' });
    await comeAndGo(c, objects, groupVersion);
    const discovered = async () => (await c.kubectl(['api-resources', `--api-group=${group}`, '-o', 'name'])).includes(`flunders.${group}`);
    await eventually(discovered, { deadlineMs: 30_000 });
    await comeAndGo(c, objects, groupVersion);

    const available = conditionsOf(await c.must<APIService>({ path: `${path}/status` }))[0];
    assert.deepEqual([available?.type, available?.message], ['Available', 'all checks passed']);
    const patched = await c.must<APIService>({ method: 'PATCH', path, headers: merge, body: { spec: { versionPriority: 400 } } });
    assert.equal(patched.spec?.versionPriority, 400);
    const { items } = await c.must<{ items: APIService[] }>({ path: services });
    assert.ok(items.some(({ metadata }) => metadata.name === name));
    await c.must({ method: 'PATCH', path, headers: strategic, body: { metadata: { labels: { 'e2e-apiservice': 'patched' } } } });
    await statusTakes(c, path, 'PUT');
    const replace = async (): Promise<APIService | undefined> => {
      const present = await c.must<APIService>({ path });
      const body = { ...present, metadata: { ...present.metadata, labels: { [name]: 'updated' } } };
      const reply = await c.ask({ method: 'PUT', path, body });
      return reply.status === 200 ? reply.json<APIService>() : undefined;
    };
    assert.deepEqual((await eventually(replace)).metadata.labels, { [name]: 'updated' });
    await statusTakes(c, path, 'PATCH');
    const selected = `${services}?labelSelector=${encodeURIComponent(`${name}=updated`)}`;
    await c.must({ method: 'DELETE', path: selected });
    await eventually(async () => (await c.must<{ items: object[] }>({ path: selected })).items.length === 0, { deadlineMs: 30_000 });
    await eventually(async () => (await c.ask({ path: objects })).status === 404, { deadlineMs: 30_000 });
  },
};
