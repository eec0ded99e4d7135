import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createCSR } from '@keelson/pki';
import { ClusterRole, ClusterRoleBinding, Node, Pod, type PolicyRule, Role, RoleBinding, Secret, ServiceAccount } from '@keelson/types';
import { type Fixture, podOf, startServer } from '../testing/fixture.ts';

/** Users who make more of what they were given than was meant. Each attempt fails, and leaves nothing behind. */

let server: Fixture;
const namespace = 'default';
const apiGroup = 'rbac.authorization.k8s.io';
const rbacPath = `/apis/${apiGroup}/v1`;
const strategic = { 'content-type': 'application/strategic-merge-patch+json' };
const merge = { 'content-type': 'application/merge-patch+json' };
const applied = { 'content-type': 'application/apply-patch+yaml' };
const json = { 'content-type': 'application/json-patch+json' };

before(async () => {
  server = await startServer();
  for (const name of ['default', 'robot']) await server.api.create(ServiceAccount, { metadata: { name, namespace } });
  await server.api.create(Role, {
    metadata: { name: 'powerful', namespace },
    rules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }],
  });
});
after(() => server.close());

/** Gives a user rules: in the namespace, or everywhere. */
async function grant(name: string, rules: PolicyRule[], everywhere = false): Promise<void> {
  const subjects = [{ kind: 'User', name, apiGroup }];
  if (everywhere) {
    await server.api.create(ClusterRole, { metadata: { name: `of-${name}` }, rules });
    const roleRef = { apiGroup, kind: 'ClusterRole', name: `of-${name}` };
    await server.api.create(ClusterRoleBinding, { metadata: { name: `of-${name}` }, roleRef, subjects });
  } else {
    await server.api.create(Role, { metadata: { name: `of-${name}`, namespace }, rules });
    const roleRef = { apiGroup, kind: 'Role', name: `of-${name}` };
    await server.api.create(RoleBinding, { metadata: { name: `of-${name}`, namespace }, roleRef, subjects });
  }
}

/** The status a user gets. */
async function code(
  name: string,
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<number> {
  const groups = name.startsWith('system:node:') ? ['system:nodes'] : [];
  const request = { method, path, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
  const response = await server.transport(name, [...groups, 'system:authenticated']).send(request);
  response.destroy();
  return response.status;
}

const everything = [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }];
const writeRoles: PolicyRule[] = [
  {
    verbs: ['create', 'get', 'update', 'patch', 'delete'],
    apiGroups: [apiGroup],
    resources: ['roles', 'rolebindings', 'clusterroles', 'clusterrolebindings'],
  },
];

test('roles: no way of writing them gives what the writer lacks', async () => {
  await grant('rita', [...writeRoles, { verbs: ['get'], apiGroups: [''], resources: ['pods'] }], true);
  const roles = `${rbacPath}/namespaces/${namespace}/roles`;
  const own = { metadata: { name: 'own' }, rules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }] };
  assert.equal(await code('rita', 'POST', roles, own), 201);
  assert.equal(await code('rita', 'POST', roles, { metadata: { name: 'more' }, rules: everything }), 403);
  assert.equal(await code('rita', 'POST', `${roles}?dryRun=All`, { metadata: { name: 'more' }, rules: everything }), 403);
  assert.equal(await code('rita', 'POST', roles, { metadata: { generateName: 'm-' }, rules: everything }), 403);
  assert.equal(await code('rita', 'PUT', `${roles}/own`, { ...own, rules: everything }), 403);
  assert.equal(await code('rita', 'PUT', `${roles}/absent`, { metadata: { name: 'absent' }, rules: everything }), 403);
  assert.equal(await code('rita', 'PATCH', `${roles}/own`, { rules: everything }, merge), 403);
  assert.equal(await code('rita', 'PATCH', `${roles}/own`, { rules: everything }, strategic), 403);
  assert.equal(await code('rita', 'PATCH', `${roles}/own`, [{ op: 'add', path: '/rules/0/verbs/-', value: '*' }], json), 403);
  const whole = { apiVersion: `${apiGroup}/v1`, kind: 'Role', metadata: { name: 'fresh' }, rules: everything };
  assert.equal(await code('rita', 'PATCH', `${roles}/fresh?fieldManager=r`, whole, applied), 403);
  const spread = [{ verbs: ['get'], apiGroups: [''], resources: ['pods', 'pods/*'] }];
  assert.equal(await code('rita', 'POST', roles, { metadata: { name: 'spread' }, rules: spread }), 403, 'subresources are more');
  assert.equal(await code('rita', 'POST', roles, { metadata: { name: 'verbs' }, rules: [{ ...spread[0], verbs: ['GET'] }] }), 403);
  const clusterRoles = `${rbacPath}/clusterroles`;
  const clusterRoleSelectors = [{ matchLabels: { 'rbac.authorization.k8s.io/aggregate-to-admin': 'true' } }];
  const gathering = { metadata: { name: 'gather' }, rules: [], aggregationRule: { clusterRoleSelectors } };
  assert.equal(await code('rita', 'POST', clusterRoles, gathering), 403, 'a role filled by a controller');
  const labels = { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' };
  assert.equal(await code('rita', 'POST', clusterRoles, { metadata: { name: 'secret-view', labels }, rules: everything }), 403);
  assert.equal(
    await code('rita', 'POST', clusterRoles, { metadata: { name: 'urls' }, rules: [{ verbs: ['get'], nonResourceURLs: ['/metrics'] }] }),
    403,
  );
  assert.deepEqual((await server.api.list(Role, { namespace })).items.map(({ metadata }) => metadata.name).sort(), ['own', 'powerful']);
});

test('bindings: nobody binds, or has bound, what they lack', async () => {
  await grant('bea', writeRoles, true);
  const subjects = [{ kind: 'User', name: 'bea', apiGroup }];
  const bindings = `${rbacPath}/namespaces/${namespace}/rolebindings`;
  const to = (kind: string, name: string) => ({ metadata: { name: 'b' }, roleRef: { apiGroup, kind, name }, subjects });
  assert.equal(await code('bea', 'POST', bindings, to('Role', 'powerful')), 403);
  assert.equal(await code('bea', 'POST', bindings, to('ClusterRole', 'admin')), 403);
  assert.equal(await code('bea', 'POST', `${rbacPath}/clusterrolebindings`, to('ClusterRole', 'cluster-admin')), 403);
  const { metadata, roleRef } = await server.api.create(RoleBinding, {
    ...to('Role', 'powerful'),
    metadata: { name: 'theirs', namespace },
    subjects: [],
  });
  assert.equal(await code('bea', 'PUT', `${bindings}/theirs`, { metadata, roleRef, subjects }), 403, 'into a binding that is there');
  assert.equal(await code('bea', 'PATCH', `${bindings}/theirs`, { subjects }, merge), 403);
  assert.equal(await code('bea', 'PATCH', `${bindings}/theirs`, { roleRef: { name: 'view' } }, merge), 422);
  const admin = server.send('PATCH', `${bindings}/theirs`, { roleRef: { ...roleRef, kind: 'ClusterRole', name: 'cluster-admin' } }, merge);
  assert.equal((await admin).status, 422, 'whose role never changes');
  await grant('benny', [{ verbs: ['bind'], apiGroups: [apiGroup], resources: ['clusterroles'], resourceNames: ['view'] }, ...writeRoles]);
  assert.equal(await code('benny', 'POST', bindings, to('ClusterRole', 'edit')), 403);
  assert.equal(await code('benny', 'POST', bindings, { ...to('ClusterRole', 'view'), metadata: { name: 'seen' } }), 201);
  assert.equal(await code('benny', 'POST', `${rbacPath}/clusterrolebindings`, to('ClusterRole', 'view')), 403, 'there only');
});

test('impersonation: to act as somebody is not to act as everybody', async () => {
  await grant('ivy', [{ verbs: ['impersonate'], apiGroups: [''], resources: ['users'], resourceNames: ['guest'] }], true);
  const as = (headers: Record<string, string>) => code('ivy', 'GET', '/api/v1/secrets', undefined, headers);
  assert.equal(await as({ 'impersonate-user': 'guest' }), 403);
  assert.equal(await as({ 'impersonate-user': 'admin' }), 403);
  assert.equal(await as({ 'impersonate-user': 'guest', 'impersonate-group': 'system:masters' }), 403);
  assert.equal(await as({ 'impersonate-user': 'guest, admin' }), 403);
  assert.equal(await as({ 'impersonate-group': 'system:masters' }), 400);
  assert.equal(await as({ 'impersonate-user': '', 'impersonate-group': 'system:masters' }), 400);
  assert.equal(await as({ 'impersonate-user': 'system:serviceaccount:kube-system:generic-garbage-collector' }), 403);
  await grant('ian', [{ verbs: ['impersonate'], apiGroups: [''], resources: ['serviceaccounts'] }]);
  const account = (name: string) => code('ian', 'GET', '/api', undefined, { 'impersonate-user': `system:serviceaccount:${name}` });
  assert.equal(await account('default:robot'), 200);
  assert.equal(await account('kube-system:robot'), 403);
  assert.equal(await account('default:robot:extra'), 403);
});

test('certificates: to ask is not to approve, to approve is not to approve anything', async () => {
  const path = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
  const request = async (organizations: string[]): Promise<string> =>
    Buffer.from((await createCSR({ commonName: 'cleo', organizations })).csrPem).toString('base64');
  const spec = (text: string, signerName = 'kubernetes.io/kube-apiserver-client') => ({
    request: text,
    signerName,
    usages: ['client auth'],
  });
  const apiGroups = ['certificates.k8s.io'];
  await grant('cleo', [{ verbs: ['create', 'get', 'update', 'patch'], apiGroups, resources: ['certificatesigningrequests'] }], true);
  const masters = await request(['system:masters']);
  assert.equal(await code('cleo', 'POST', path, { metadata: { name: 'masters' }, spec: spec(masters) }), 403);
  const plain = await request([]);
  const certificate = Buffer.from('-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n').toString('base64');
  const conditions = [{ type: 'Approved', status: 'True', reason: 'x', message: 'y' }];
  const posing = { username: 'system:admin', groups: ['system:masters'], uid: 'u' };
  assert.equal(
    await code('cleo', 'POST', path, { metadata: { name: 'mine' }, spec: { ...spec(plain), ...posing }, status: { conditions } }),
    201,
  );
  const read = async () =>
    (await server.send('GET', `${path}/mine`)).json<{ spec: { username: string; groups: string[] }; status: object }>();
  const made = await read();
  assert.deepEqual([made.spec.username, made.spec.groups.includes('system:masters'), made.status], ['cleo', false, {}]);
  assert.equal(await code('cleo', 'PATCH', `${path}/mine`, { status: { conditions } }, merge), 200);
  assert.deepEqual((await read()).status, {}, 'not through the main door');
  assert.equal(await code('cleo', 'PATCH', `${path}/mine/approval`, { status: { conditions } }, merge), 403);
  assert.equal(await code('cleo', 'PATCH', `${path}/mine/status`, { status: { certificate } }, merge), 403);
  await grant(
    'carl',
    [
      {
        verbs: ['get', 'update', 'patch'],
        apiGroups,
        resources: ['certificatesigningrequests/approval', 'certificatesigningrequests/status'],
      },
    ],
    true,
  );
  assert.equal(await code('carl', 'PATCH', `${path}/mine/approval`, { status: { conditions } }, merge), 403, 'the signer is another right');
  assert.equal(await code('carl', 'PATCH', `${path}/mine/status`, { status: { certificate } }, merge), 403);
  assert.equal(await code('carl', 'PATCH', `${path}/mine/approval`, { spec: spec(masters) }, merge), 403);
  assert.equal((await read()).spec.username, 'cleo');
  assert.equal((await server.send('GET', `${path}/mine`)).json<{ spec: { request: string } }>().spec.request, plain);
});

test('pods/ephemeralcontainers: a door of its own, and only for that', async () => {
  await server.api.create(Pod, podOf('target', { metadata: { namespace } }) as Pod);
  const path = `/api/v1/namespaces/${namespace}/pods/target`;
  const debug = { spec: { ephemeralContainers: [{ name: 'debug', image: 'tools:1' }] } };
  await grant('peter', [{ verbs: ['*'], apiGroups: [''], resources: ['pods', 'pods/exec', 'pods/log', 'pods/status'] }]);
  assert.equal(await code('peter', 'PATCH', `${path}/ephemeralcontainers`, debug, strategic), 403);
  for (const door of [path, `${path}/status`]) assert.notEqual(await code('peter', 'PATCH', door, debug, strategic), 403);
  const read = () => server.api.get(Pod, { name: 'target', namespace });
  assert.equal((await read()).spec.ephemeralContainers, undefined);
  const born = podOf('born', { spec: { ephemeralContainers: [{ name: 'debug', image: 'tools:1' }] } });
  assert.equal(await code('peter', 'POST', `/api/v1/namespaces/${namespace}/pods`, born), 422);
  await grant('ella', [{ verbs: ['patch', 'update'], apiGroups: [''], resources: ['pods/ephemeralcontainers'] }]);
  const more = {
    metadata: { labels: { a: 'b' } },
    spec: { ...debug.spec, hostPID: true, serviceAccountName: 'robot', containers: [{ name: 'main', image: 'evil:1' }] },
  };
  assert.equal(await code('ella', 'PATCH', `${path}/ephemeralcontainers`, more, strategic), 200);
  const { metadata, spec } = await read();
  assert.deepEqual(
    [metadata.labels, spec.hostPID, spec.serviceAccountName, spec.containers[0]?.image, spec.ephemeralContainers?.length],
    [undefined, undefined, 'default', 'registry.local/app:1', 1],
  );
  assert.equal(await code('ella', 'PATCH', path, debug, strategic), 403);
  assert.equal(await code('ella', 'GET', path), 403);
});

test('tokens: for the account one may ask for, and no other', async () => {
  const path = (name: string, where = namespace) => `/api/v1/namespaces/${where}/serviceaccounts/${name}/token`;
  await grant('tom', [{ verbs: ['create'], apiGroups: [''], resources: ['serviceaccounts/token'], resourceNames: ['robot'] }]);
  assert.equal(await code('tom', 'POST', path('robot'), {}), 201);
  assert.equal(await code('tom', 'POST', path('default'), {}), 403);
  assert.equal(await code('tom', 'POST', path('robot', 'kube-system'), {}), 403);
  assert.equal(await code('tom', 'POST', `${path('robot')}/../../default/token`, {}), 404);
  assert.equal(await code('tom', 'POST', path('robot%2ftoken%2f..%2fdefault'), {}), 404);
  const target = { boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'target' } };
  assert.equal(await code('tom', 'POST', path('robot'), { spec: target }), 400, 'a pod that runs as another account');
});

test('a kubelet has what is on its node, by no door more', async () => {
  const { api } = server;
  for (const name of ['n1', 'n2']) await api.create(Node, { metadata: { name }, spec: {} });
  for (const name of ['near', 'far']) await api.create(Secret, { metadata: { name, namespace }, data: { key: 'aGlkZGVu' } });
  const using = (secretName: string) => ({ containers: [{ name: 'main', image: 'i', envFrom: [{ secretRef: { name: secretName } }] }] });
  await api.create(Pod, podOf('on-n1', { metadata: { namespace }, spec: { nodeName: 'n1', ...using('near') } }) as Pod);
  await api.create(Pod, podOf('on-n2', { metadata: { namespace }, spec: { nodeName: 'n2', ...using('far') } }) as Pod);
  const kubelet = 'system:node:n1';
  const secrets = `/api/v1/namespaces/${namespace}/secrets`;
  const pods = `/api/v1/namespaces/${namespace}/pods`;
  assert.equal(await code(kubelet, 'GET', `${secrets}/near`), 200);
  const narrowed = (selector: string): string => `${secrets}?fieldSelector=${encodeURIComponent(selector)}`;
  const doors = [
    `${secrets}/far`,
    secrets,
    '/api/v1/secrets',
    narrowed('metadata.name=far'),
    narrowed('metadata.name!=near'),
    narrowed('type!=x\\,metadata.name=near'),
    `/api/v1/watch/namespaces/${namespace}/secrets/far`,
    `${secrets}/near%2f..%2ffar`,
    `${secrets}/near/../far`,
    `${pods}/on-n2`,
    `${pods}?fieldSelector=${encodeURIComponent('spec.nodeName!=n9')}`,
    `${pods}?fieldSelector=${encodeURIComponent('spec.schedulerName!=x\\,spec.nodeName=n1')}`,
  ];
  for (const door of doors) assert.ok([400, 403, 404].includes(await code(kubelet, 'GET', door)), door);
  const status = { status: { conditions: [] }, spec: using('far') };
  assert.equal(await code(kubelet, 'PATCH', `${pods}/on-n2/status`, status, strategic), 403);
  assert.equal(await code(kubelet, 'DELETE', `${pods}/on-n2`, { gracePeriodSeconds: 0 }), 403);
  await code(kubelet, 'PATCH', `${pods}/on-n1/status`, status, strategic);
  assert.equal((await api.get(Pod, { name: 'on-n1', namespace })).spec.containers[0]?.envFrom?.[0]?.secretRef?.name, 'near');
  assert.equal(await code(kubelet, 'POST', pods, podOf('grab', { spec: { nodeName: 'n1', ...using('far') } })), 403);
  const annotations = { 'kubernetes.io/config.mirror': 'x' };
  assert.equal(
    await code(kubelet, 'POST', pods, podOf('mirror', { metadata: { annotations }, spec: { nodeName: 'n1', ...using('far') } })),
    403,
  );
  assert.equal(await code(kubelet, 'POST', `${pods}/on-n2/binding`, { target: { kind: 'Node', name: 'n1' } }), 403);
  assert.equal(await code(kubelet, 'PATCH', '/api/v1/nodes/n2', { metadata: { labels: { a: 'b' } } }, merge), 403);
  const role = { metadata: { labels: { 'node-restriction.kubernetes.io/x': 'y' } } };
  assert.equal(await code(kubelet, 'PATCH', '/api/v1/nodes/n1', role, merge), 403);
  assert.equal(await code(kubelet, 'GET', `${secrets}/far`), 403, 'after all that');
});
