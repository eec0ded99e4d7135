import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type KubectlServer, startKubectlServer } from './kubectl-harness.ts';

/* What kubectl says it did, in upstream's words. */

let server: KubectlServer;
before(async () => {
  server = await startKubectlServer();
});
after(() => server.stop());

test('a Service is exposed', async () => {
  const { ok } = server;
  await ok('create deployment web --image=a');
  assert.equal(await ok('expose deployment web --port=80 --target-port=8080 --type NodePort'), 'service/web exposed\n');
});

test('a node is tainted, untainted, or modified', async () => {
  const { ok } = server;
  await ok('create -f -', JSON.stringify({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' } }));
  const deeds: [string, string][] = [
    ['busy=yes:NoSchedule', 'tainted'],
    ['busy=no:NoSchedule --overwrite', 'modified'],
    ['calm=yes:NoExecute busy-', 'modified'],
    ['calm-', 'untainted'],
  ];
  for (const [change, deed] of deeds) assert.equal(await ok(`taint node n ${change}`), `node/n ${deed}\n`);
});

test('waiting for several takes the one time, and tells of each', async () => {
  const { ok, kubectl } = server;
  const map = (name: string, ready: string): object => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { ready } });
  const items = [map('a', 'no'), map('b', 'no'), map('c', 'yes')];
  await ok('create -f -', JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  const timedOut = (name: string): string => `timed out waiting for the condition on configmaps/${name}\n`;
  const path = '--for=jsonpath={.data.ready}=yes --timeout=50ms';
  assert.deepEqual(await kubectl(`wait cm/a cm/b cm/c ${path}`), {
    code: 1,
    stdout: '',
    stderr: timedOut('a') + timedOut('b') + timedOut('c'),
  });
  assert.deepEqual(await kubectl(`wait cm/a ${path}`), { code: 1, stdout: '', stderr: `error: ${timedOut('a')}` });
});

test('a Service whose slice has no address has no endpoint to show, one without a slice has none', async () => {
  const { ok } = server;
  await ok('create service clusterip inner --tcp=80:8080');
  assert.match(await ok('describe service inner'), /^Endpoints: +<none>$/m);
  const labels = { 'kubernetes.io/service-name': 'inner' };
  const slice = { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata: { name: 'inner-x', labels } };
  await ok('create -f -', JSON.stringify({ ...slice, addressType: 'IPv4', endpoints: [], ports: [{ name: '80-8080', port: 8080 }] }));
  assert.match(await ok('describe service inner'), /^Endpoints: *$/m);
});

test('a path has no subresources, and roles of a version that is gone are not reconciled', async () => {
  const { kubectl } = server;
  const asked = await kubectl('auth can-i get /logs/ --subresource=log');
  assert.deepEqual(asked, { code: 1, stdout: '', stderr: 'error: --subresource can not be used with NonResourceURL\n' });
  const role = { apiVersion: 'rbac.authorization.k8s.io/v1beta1', kind: 'ClusterRole', metadata: { name: 'old' } };
  const { code, stderr } = await kubectl('auth reconcile -f -', JSON.stringify(role));
  assert.deepEqual([code, stderr], [1, 'error: only rbac.authorization.k8s.io/v1 is supported: not *v1beta1.ClusterRole\n']);
});

test('what does not say what it is keeps nothing else from being scaled', async () => {
  const { ok, kubectl } = server;
  await ok('create deployment sized --image=a');
  const known = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'sized' } };
  const scaled = await kubectl('scale --replicas=2 -f -', `${JSON.stringify(known)}\n---\n{"apiVersion":"v1","metadata":{}}\n`);
  assert.equal(scaled.stdout, 'deployment.apps/sized scaled\n');
  assert.match(scaled.stderr, /Object 'Kind' is missing/);
  assert.equal(scaled.code, 1);
});

test('of a type that is deleted with its objects, the objects are gone', async () => {
  const { ok, kubectl } = server;
  const names = { plural: 'widgets', kind: 'Widget' };
  const versions = [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }];
  const definition = {
    ...{ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: 'widgets.example.com' } },
    spec: { group: 'example.com', scope: 'Namespaced', names, versions },
  };
  const widget = { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'foo' } };
  await ok('create -f -', JSON.stringify(definition));
  await ok('wait --for=condition=Established crd/widgets.example.com --timeout=20s');
  await ok('create -f -', JSON.stringify(widget));
  const all = `${JSON.stringify(widget)}\n---\n${JSON.stringify(definition)}\n`;
  const { code, stderr } = await kubectl('delete -f -', all);
  assert.deepEqual([code, stderr], [0, '']);
});
