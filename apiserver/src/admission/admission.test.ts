import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Lease, Node, Pod, ServiceAccount, type Status } from '@keelson/types';
import { type Fixture, podOf, startServer } from '../testing/fixture.ts';

let server: Fixture;
before(async () => {
  server = await startServer();
});
after(() => server.close());

const namespace = 'default';
const merge = 'application/merge-patch+json';
const pod = (name: string, spec: object = {}, metadata: object = {}): Promise<Pod> =>
  server.api.create(Pod, podOf(name, { metadata: { namespace, ...metadata }, spec }) as Pod);

test('a pod runs as a service account that exists, with its token, the CA and the namespace mounted', async () => {
  await assert.rejects(pod('early'), {
    code: 403,
    message: 'pods "early" is forbidden: error looking up service account default/default: serviceaccount "default" not found',
  });
  await assert.rejects(pod('other', { serviceAccountName: 'other' }), /serviceaccount "other" not found/);
  // The first pod of a namespace may come before the account that is made for it.
  const first = pod('plain', { initContainers: [{ name: 'init', image: 'x' }] });
  await server.api.create(ServiceAccount, { metadata: { name: 'default', namespace }, imagePullSecrets: [{ name: 'pull' }] });
  const { spec } = await first;
  assert.deepEqual([spec?.serviceAccountName, spec?.serviceAccount, spec?.imagePullSecrets], ['default', 'default', [{ name: 'pull' }]]);
  const [volume] = spec?.volumes ?? [];
  assert.match(volume?.name ?? '', /^kube-api-access-[a-z0-9]{5}$/);
  assert.deepEqual(
    volume?.projected?.sources?.map((source) => Object.keys(source)[0]),
    ['serviceAccountToken', 'configMap', 'downwardAPI'],
  );
  assert.equal(volume?.projected?.sources?.[0]?.serviceAccountToken?.expirationSeconds, 3607);
  for (const container of [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])])
    assert.deepEqual(container.volumeMounts, [
      { name: volume?.name, readOnly: true, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' },
    ]);
});

test('what asks for no token gets none', async () => {
  assert.equal((await pod('bare', { automountServiceAccountToken: false })).spec?.volumes, undefined);
  await server.api.create(ServiceAccount, { metadata: { name: 'shy', namespace }, automountServiceAccountToken: false });
  assert.equal((await pod('shy', { serviceAccountName: 'shy' })).spec?.volumes, undefined);
  assert.equal((await pod('bold', { serviceAccountName: 'shy', automountServiceAccountToken: true })).spec?.volumes?.length, 1);
});

test('pods tolerate troubled nodes for five minutes, unless they say otherwise', async () => {
  const keys = async (name: string, tolerations?: object[]) =>
    (await pod(name, tolerations ? { tolerations } : {})).spec?.tolerations?.map(
      ({ key, tolerationSeconds }) => `${key ?? '*'} ${tolerationSeconds}`,
    );
  assert.deepEqual(await keys('t1'), ['node.kubernetes.io/not-ready 300', 'node.kubernetes.io/unreachable 300']);
  assert.deepEqual(
    await keys('t2', [{ key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 5 }]),
    ['node.kubernetes.io/not-ready 5', 'node.kubernetes.io/unreachable 300'],
  );
  assert.deepEqual(await keys('t3', [{ operator: 'Exists' }]), ['* undefined']);
});

test('a new node takes no pods before it was seen ready', async () => {
  const node = await server.api.create(Node, { metadata: { name: 'fresh' }, spec: {} });
  assert.deepEqual(node.spec.taints, [{ key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }]);
});

test('a kubelet keeps to its own', async () => {
  const kubelet = server.as('system:node:n1', ['system:nodes', 'system:authenticated']);
  const forbidden = (message: RegExp) => ({ code: 403, message });
  const own = await kubelet.create(Node, { metadata: { name: 'n1' }, spec: {} });
  await assert.rejects(
    kubelet.create(Node, { metadata: { name: 'n2' }, spec: {} }),
    forbidden(/node "n1" is not allowed to modify node "n2"/),
  );
  await kubelet.patch(Node, { name: 'n1' }, merge, { metadata: { labels: { a: 'b' } } });
  await assert.rejects(kubelet.patch(Node, { name: 'n1' }, merge, { spec: { taints: [] } }), forbidden(/is not allowed to modify taints/));
  await assert.rejects(
    kubelet.patch(Node, { name: 'n1' }, merge, { metadata: { labels: { 'node-restriction.kubernetes.io/x': 'y' } } }),
    forbidden(/is not allowed to modify labels: node-restriction\.kubernetes\.io\/x/),
  );
  assert.equal(own.spec.taints?.length, 1);
  await pod('mine', { nodeName: 'n1' });
  await pod('theirs', { nodeName: 'n2' });
  await kubelet.patch(Pod, { name: 'mine', namespace }, merge, { status: { phase: 'Running' } }, { subresource: 'status' });
  await assert.rejects(
    kubelet.patch(Pod, { name: 'theirs', namespace }, merge, { status: { phase: 'Running' } }, { subresource: 'status' }),
    forbidden(/can only update status for pods with spec\.nodeName set to itself/),
  );
  await assert.rejects(
    kubelet.delete(Pod, { name: 'theirs', namespace }),
    forbidden(/can only delete pods with spec\.nodeName set to itself/),
  );
  await kubelet.delete(Pod, { name: 'mine', namespace }, { gracePeriodSeconds: 0 });
  const owner = { apiVersion: 'v1', kind: 'Node', name: 'n1', uid: own.metadata.uid ?? '', controller: true };
  const mirror = { annotations: { 'kubernetes.io/config.mirror': 'x' }, ownerReferences: [owner] };
  await kubelet.create(Pod, podOf('static', { metadata: { namespace, ...mirror }, spec: { nodeName: 'n1' } }) as Pod);
  await assert.rejects(
    kubelet.create(Pod, podOf('loose', { metadata: { namespace }, spec: { nodeName: 'n1' } }) as Pod),
    forbidden(/can only create mirror pods/),
  );
  const lease = (name: string, ns = 'kube-node-lease') =>
    kubelet.create(Lease, { metadata: { name, namespace: ns }, spec: { holderIdentity: 'n1' } });
  await lease('n1');
  await assert.rejects(lease('n2'), forbidden(/can only access node lease with the same name as the requesting node/));
});

test('plugins can be left out by name', async () => {
  const lax = await startServer({ disabledAdmission: ['ServiceAccount', 'DefaultTolerationSeconds'] });
  const { spec } = await lax.api.create(Pod, podOf('p', { metadata: { namespace } }) as Pod);
  assert.deepEqual([spec?.volumes, spec?.tolerations], [undefined, undefined]);
  await lax.close();
});

test('in a namespace that is going nothing is made below what is there, either', async () => {
  await server.send('POST', '/api/v1/namespaces', { metadata: { name: 'going' } });
  const accounts = '/api/v1/namespaces/going/serviceaccounts';
  await server.send('POST', accounts, { metadata: { name: 'robot' } });
  await server.send('DELETE', '/api/v1/namespaces/going');
  const refused = await server.send('POST', `${accounts}/robot/token`, { spec: {} });
  const { message, details } = refused.json<Status>();
  const why = 'unable to create new content in namespace going because it is being terminated';
  assert.equal(message, `serviceaccounts "robot" is forbidden: ${why}`);
  assert.equal(details?.causes?.[0]?.reason, 'NamespaceTerminating');
});
