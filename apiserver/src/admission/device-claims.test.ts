import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ClusterRole, ClusterRoleBinding, Namespace, Node, Pod, ResourceClaim, ServiceAccount } from '@keelson/types';
import { type Answer, type Fixture, startServer } from '../testing/fixture.ts';

let server: Fixture;
let token = '';

const namespace = 'default';
const claims = '/apis/resource.k8s.io/v1/namespaces/default/resourceclaims';
const meta = (name: string) => ({ metadata: { name, namespace } });
const request = (exactly: object = {}) => ({ name: 'gpu', exactly: { deviceClassName: 'gpu.example.com', ...exactly } });
const claim = (name: string, exactly?: object) => ({ ...meta(name), spec: { devices: { requests: [request(exactly)] } } });
const onNode = (node: string) => ({ nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [node] }] }] });
const allocation = (node: string, result: object = {}) => ({
  devices: { results: [{ request: 'gpu', driver: 'gpu.example.com', pool: 'p', device: 'd', ...result }] },
  nodeSelector: onNode(node),
});
const device = (condition: string) => ({
  ...{ driver: 'gpu.example.com', pool: 'p', device: 'd' },
  conditions: [{ type: 'Ready', status: 'True', reason: condition, message: '', lastTransitionTime: '2026-01-01T00:00:00Z' }],
});

before(async () => {
  server = await startServer();
  const { api } = server;
  for (const name of ['n1', 'n2']) await api.create(Node, { metadata: { name }, spec: {} });
  await api.create(ServiceAccount, meta('driver'));
  await api.create(Pod, {
    ...meta('agent'),
    spec: { nodeName: 'n1', serviceAccountName: 'driver', containers: [{ name: 'c', image: 'c' }] },
  });
  const bound = { boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'agent' } };
  const asked = await server.send('POST', `/api/v1/namespaces/${namespace}/serviceaccounts/driver/token`, { spec: bound });
  token = asked.json<{ status: { token: string } }>().status.token;
  await grant('status-only', ['get', 'update', 'patch'], 'resourceclaims/status', 'nobody');
  await grant('driver-status', ['update', 'patch'], 'resourceclaims/status', 'system:serviceaccount:default:driver');
  await grant('driver', ['associated-node:update'], 'resourceclaims/driver', 'system:serviceaccount:default:driver', ['gpu.example.com']);
});
after(() => server.close());

async function grant(name: string, verbs: string[], resource: string, user: string, resourceNames?: string[]): Promise<void> {
  const rule = { apiGroups: ['resource.k8s.io'], resources: [resource], verbs, ...(resourceNames ? { resourceNames } : {}) };
  await server.api.create(ClusterRole, { metadata: { name }, rules: [rule] });
  await server.api.create(ClusterRoleBinding, {
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
  });
}

const message = ({ status, json }: Answer): string => (status < 300 ? '' : json<{ message: string }>().message);

async function statusOf(name: string, status: object): Promise<object> {
  const present = await server.send('GET', `${claims}/${name}`);
  return { ...present.json<object>(), status };
}

test('only who may bind claims says what is allocated and for whom', async () => {
  await server.send('POST', claims, claim('bound'));
  const nobody = server.as('nobody', ['system:authenticated']);
  const allocated = { allocation: allocation('n1') };
  const refused = (verb: string) =>
    'ResourceClaim.resource.k8s.io "bound" is invalid: status: Forbidden: changing status.allocation or status.reservedFor requires ' +
    `resource="resourceclaims/binding", verb="${verb}" permission: resourceclaims.resource.k8s.io is forbidden: User "nobody" cannot ` +
    `${verb} resource "resourceclaims/binding" in API group "resource.k8s.io" at the cluster scope`;
  const update = nobody.update(ResourceClaim, (await statusOf('bound', allocated)) as never, { subresource: 'status' });
  await assert.rejects(update, { message: refused('update') });
  const patch = (who: typeof nobody) =>
    who.patch(
      ResourceClaim,
      { name: 'bound', namespace },
      'application/merge-patch+json',
      { status: allocated },
      { subresource: 'status' },
    );
  await assert.rejects(patch(nobody), { message: refused('patch') });
  assert.ok((await patch(server.as('system:kube-scheduler', ['system:authenticated']))).status?.allocation);
  // What stays as it is needs no leave.
  await nobody.update(ResourceClaim, (await statusOf('bound', allocated)) as never, { subresource: 'status' });
});

test('a driver tells of its own devices where its pod runs', async () => {
  const headers = { authorization: `Bearer ${token}` };
  const put = async (name: string, status: object): Promise<string> =>
    message(await server.sendAnonymous('PUT', `${claims}/${name}/status`, await statusOf(name, status), headers));
  for (const [name, node] of [
    ['here', 'n1'],
    ['there', 'n2'],
  ] as const) {
    await server.send('POST', claims, claim(name));
    await server.send('PUT', `${claims}/${name}/status`, await statusOf(name, { allocation: allocation(node) }));
  }
  assert.equal(await put('here', { allocation: allocation('n1'), devices: [device('Fine')] }), '');
  const refusal = (verbs: string, verb: string, driver: string): string =>
    `status.devices: Forbidden: changing status.devices requires resource="resourceclaims/driver", verb="[${verbs}]" permission: ` +
    `resourceclaims.resource.k8s.io "${driver}" is forbidden: User "system:serviceaccount:default:driver" cannot ${verb} resource ` +
    '"resourceclaims/driver" in API group "resource.k8s.io" in the namespace "default"';
  const arbitrary = 'arbitrary-node:update';
  assert.equal(
    await put('there', { allocation: allocation('n2'), devices: [device('Fine')] }),
    `ResourceClaim.resource.k8s.io "there" is invalid: ${refusal(arbitrary, arbitrary, 'gpu.example.com')}`,
  );
  const scheduler = server.as('system:kube-scheduler', ['system:authenticated']);
  const released = await scheduler.update(ResourceClaim, (await statusOf('here', {})) as ResourceClaim, { subresource: 'status' });
  assert.deepEqual(released.status, {}, 'with the device goes what was told of it');
  await server.send('POST', claims, claim('other'));
  const foreign = { allocation: allocation('n1', { driver: 'other.example.com' }) };
  await server.send('PUT', `${claims}/other/status`, await statusOf('other', foreign));
  assert.equal(
    await put('other', { ...foreign, devices: [{ ...device('Fine'), driver: 'other.example.com' }] }),
    `ResourceClaim.resource.k8s.io "other" is invalid: ${refusal(`associated-node:update ${arbitrary}`, 'associated-node:update', 'other.example.com')}`,
  );
});

test('access for administrators is asked for in namespaces that are labelled for it', async () => {
  const refused = (kind: string, name: string, at: string): string =>
    `${kind}.resource.k8s.io "${name}" is invalid: ${at}: Forbidden: admin access to devices requires the ` +
    '`resource.kubernetes.io/admin-access: true` label on the containing namespace';
  const at = 'spec.devices.requests[0].adminAccess';
  const ask = async () => {
    const made = await server.send('POST', claims, claim('admin', { adminAccess: true }));
    const template = { ...meta('admin'), spec: { spec: claim('', { adminAccess: true }).spec } };
    return [message(made), message(await server.send('POST', claims.replace('claims', 'claimtemplates'), template))];
  };
  assert.deepEqual(await ask(), [refused('ResourceClaim', 'admin', at), refused('ResourceClaimTemplate', 'admin', at)]);
  await server.send('POST', claims, claim('plain'));
  const status = { allocation: allocation('n1', { adminAccess: true }) };
  const put = async () => message(await server.send('PUT', `${claims}/plain/status`, await statusOf('plain', status)));
  assert.equal(await put(), refused('ResourceClaim', 'plain', 'status.allocation.devices.results[0].adminAccess'));
  const labels = { 'resource.kubernetes.io/admin-access': 'true' };
  await server.api.patch(Namespace, { name: namespace }, 'application/merge-patch+json', { metadata: { labels } });
  assert.deepEqual([...(await ask()), await put()], ['', '', '']);
});
