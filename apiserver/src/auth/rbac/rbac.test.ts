import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import {
  ClusterRole,
  ClusterRoleBinding,
  ConfigMap,
  Pod,
  Role,
  RoleBinding,
  type SelfSubjectRulesReview,
  type Status,
  type SubjectAccessReview,
} from '@keelson/types';
import { type Fixture, startServer } from '../../testing/fixture.ts';

let server: Fixture;
before(async () => {
  server = await startServer();
});
after(() => server.close());

const namespace = 'default';
const rbacGroup = 'rbac.authorization.k8s.io';

interface Question {
  readonly user: string;
  readonly groups?: readonly string[];
  readonly resourceAttributes?: object;
  readonly nonResourceAttributes?: object;
}

async function review(spec: Question): Promise<{ allowed: boolean; reason: string }> {
  const answer = await server.send('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', { spec });
  assert.equal(answer.status, 201, answer.text);
  const { allowed = false, reason = '' } = answer.json<SubjectAccessReview>().status ?? {};
  return { allowed, reason };
}

const allowed = async (user: string, verb: string, resource: string, more: object = {}, groups: string[] = []): Promise<boolean> =>
  (await review({ user, groups, resourceAttributes: { verb, resource, namespace, ...more } })).allowed;

test('every default role of Kubernetes 1.36 grants what it should, and no more', async () => {
  const facts = new URL('testdata/rbac-roles.tsv', import.meta.url);
  const wanted = new Map<string, Set<string>>();
  for (const line of readFileSync(facts, 'utf8').trim().split('\n').slice(1)) {
    const [kind = '', ns = '', name = '', groups = '', resources = '', verbs = '', rest = ''] = line.split('\t');
    const key = `${kind} ${ns === '-' ? '' : ns} ${name}`;
    const rules = wanted.get(key) ?? new Set<string>();
    wanted.set(key, rules);
    if (groups === 'aggregates') rules.add('aggregates');
    else for (const rule of expand(groups, resources, verbs, rest)) rules.add(rule);
  }
  const found = new Map<string, Set<string>>();
  for (const kind of [ClusterRole, Role]) {
    for (const { metadata, rules, ...role } of (await server.api.list(kind as typeof ClusterRole)).items) {
      const list = 'aggregationRule' in role && role.aggregationRule ? ['aggregates'] : (rules ?? []).flatMap(flatten);
      found.set(`${kind.kind} ${metadata.namespace ?? ''} ${metadata.name}`, new Set(list));
    }
  }
  assert.deepEqual([...found.keys()].sort(), [...wanted.keys()].sort());
  for (const [key, rules] of wanted) assert.deepEqual([...(found.get(key) ?? [])].sort(), [...rules].sort(), key);
});

function expand(groups: string, resources: string, verbs: string, rest: string): string[] {
  const names = /^\["/.test(rest) ? (JSON.parse(rest.slice(0, rest.indexOf(']') + 1)) as string[]) : ['-'];
  const plain = rest.split(' ')[0] ?? '-';
  const restricted = plain.startsWith('[') || plain === '-' || plain.startsWith('{') ? names : plain.split(',');
  const out: string[] = [];
  for (const group of groups.split(','))
    for (const resource of resources.split(','))
      for (const verb of verbs.split(',')) for (const name of restricted) out.push(`${group} ${resource} ${verb} ${name}`);
  return out;
}

function flatten({
  apiGroups = [],
  resources = [],
  nonResourceURLs = [],
  verbs,
  resourceNames = [],
}: NonNullable<ClusterRole['rules']>[number]): string[] {
  const names = resourceNames.length > 0 ? resourceNames : ['-'];
  const out: string[] = [];
  const groups = apiGroups.length > 0 ? apiGroups.map((group) => group || '""') : ['-'];
  for (const group of groups)
    for (const resource of [...resources, ...nonResourceURLs])
      for (const verb of verbs) for (const name of names) out.push(`${group} ${resource} ${verb} ${name}`);
  return out;
}

test('decisions of the default roles', async () => {
  const bind = (name: string, role: string): Promise<unknown> =>
    server.api.create(RoleBinding, {
      metadata: { name, namespace },
      roleRef: { apiGroup: rbacGroup, kind: 'ClusterRole', name: role },
      subjects: [{ kind: 'User', name, apiGroup: rbacGroup }],
    });
  for (const role of ['view', 'edit', 'admin']) await bind(role, role);
  const table: ReadonlyArray<readonly [string, string, string, boolean]> = [
    ['view', 'list', 'pods', true],
    ['view', 'get', 'secrets', false],
    ['view', 'create', 'pods', false],
    ['view', 'get', 'roles', false],
    ['edit', 'create', 'pods', true],
    ['edit', 'get', 'secrets', true],
    ['edit', 'create', 'rolebindings', false],
    ['edit', 'delete', 'namespaces', false],
    ['admin', 'create', 'pods', true],
    ['nobody', 'list', 'pods', false],
  ];
  for (const [user, verb, resource, expected] of table) {
    const group = /^role/.test(resource) ? rbacGroup : '';
    assert.equal(await allowed(user, verb, resource, { group }), expected, `${user} ${verb} ${resource}`);
  }
  assert.equal(await allowed('admin', 'create', 'rolebindings', { group: rbacGroup }), true);
  assert.equal(await allowed('view', 'list', 'pods', { namespace: 'kube-system' }), false);
  assert.equal(await allowed('anyone', 'delete', 'nodes', { namespace: '' }, ['system:masters']), true);
  assert.equal(await allowed('system:kube-scheduler', 'create', 'pods', { subresource: 'binding' }), true);
  assert.equal(await allowed('system:kube-scheduler', 'delete', 'nodes', { namespace: '' }), false);
  assert.equal(
    await allowed('system:node:n1', 'update', 'nodes', { subresource: 'status', name: 'n1', namespace: '' }, ['system:nodes']),
    true,
  );
  assert.equal(await allowed('system:node:n1', 'update', 'nodes', { subresource: 'status', name: 'n1', namespace: '' }), false);
});

test('a change of roles and bindings counts from the next request on', async () => {
  const { api } = server;
  const who = server.as('changing', ['system:authenticated']);
  const read = (): Promise<unknown> => who.get(ConfigMap, { name: 'extension-apiserver-authentication', namespace: 'kube-system' });
  const no = { code: 403 };
  await assert.rejects(read(), no);
  const binding = {
    metadata: { name: 'changing', namespace: 'kube-system' },
    roleRef: { apiGroup: rbacGroup, kind: 'Role', name: 'changing' },
    subjects: [{ kind: 'User', name: 'changing' }],
  };
  await api.create(RoleBinding, binding);
  await assert.rejects(read(), {
    code: 403,
    message:
      'configmaps "extension-apiserver-authentication" is forbidden: User "changing" cannot get resource "configmaps" in API group "" in the namespace "kube-system": RBAC: role.rbac.authorization.k8s.io "changing" not found',
  });
  const role = await api.create(Role, {
    metadata: { name: 'changing', namespace: 'kube-system' },
    rules: [{ verbs: ['get'], apiGroups: [''], resources: ['configmaps'], resourceNames: ['extension-apiserver-authentication'] }],
  });
  await read();
  await assert.rejects(who.list(ConfigMap, { namespace: 'kube-system' }), no);
  await who.list(ConfigMap, { namespace: 'kube-system', fieldSelector: 'metadata.name=other' }).then(
    () => assert.fail('named another'),
    () => undefined,
  );
  await api.update(Role, { ...role, rules: [{ verbs: ['list'], apiGroups: ['*'], resources: ['*'] }] });
  await assert.rejects(read(), no);
  await who.list(ConfigMap, { namespace: 'kube-system' });
  await api.delete(RoleBinding, { name: 'changing', namespace: 'kube-system' });
  await assert.rejects(who.list(ConfigMap, { namespace: 'kube-system' }), no);
});

test('refusals name what was asked', async () => {
  const who = server.as('x', ['system:authenticated']);
  const message = async (promise: Promise<unknown>): Promise<string> =>
    promise.then(
      () => 'allowed',
      ({ message }: Error) => message,
    );
  assert.equal(
    await message(who.list(Pod, { namespace })),
    'pods is forbidden: User "x" cannot list resource "pods" in API group "" in the namespace "default"',
  );
  assert.equal(
    await message(who.list(Pod)),
    'pods is forbidden: User "x" cannot list resource "pods" in API group "" at the cluster scope',
  );
  assert.equal(
    await message(who.get(ClusterRole, { name: 'view' })),
    'clusterroles.rbac.authorization.k8s.io "view" is forbidden: User "x" cannot get resource "clusterroles" in API group "rbac.authorization.k8s.io" at the cluster scope',
  );
  assert.equal(await message(who.raw({ method: 'GET', path: '/metrics' })), 'forbidden: User "x" cannot get path "/metrics"');
});

test('who is nobody sees health and version only', async () => {
  for (const path of ['/healthz', '/livez', '/readyz', '/version', '/version/'])
    assert.equal((await server.sendAnonymous('GET', path)).status, 200, path);
  for (const path of ['/api', '/apis', '/openapi/v3', '/metrics', '/', '/api/v1/pods', '/nothing']) {
    const answer = await server.sendAnonymous('GET', path);
    assert.deepEqual([answer.status, answer.json<Status>().reason], [403, 'Forbidden'], path);
  }
  const { message } = (await server.sendAnonymous('GET', '/api')).json<Status>();
  assert.equal(message, 'forbidden: User "system:anonymous" cannot get path "/api"');
});

test('reviews: reasons, faults, one’s own rules', async () => {
  await server.api.create(ClusterRoleBinding, {
    metadata: { name: 'reader' },
    roleRef: { apiGroup: rbacGroup, kind: 'ClusterRole', name: 'view' },
    subjects: [{ kind: 'Group', name: 'readers' }],
  });
  const { reason } = await review({ user: 'r', groups: ['readers'], resourceAttributes: { verb: 'get', resource: 'pods' } });
  assert.equal(reason, 'RBAC: allowed by ClusterRoleBinding "reader" of ClusterRole "view" to Group "readers"');
  assert.equal(
    (await review({ user: 'r', groups: ['system:authenticated'], nonResourceAttributes: { verb: 'get', path: '/version' } })).allowed,
    true,
  );
  const path = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
  const faults = [
    '{}',
    '{"spec":{}}',
    '{"spec":{"user":"a"}}',
    '{"spec":{"user":"a","resourceAttributes":{},"nonResourceAttributes":{}}}',
    '{"spec":{"resourceAttributes":{}}}',
  ];
  for (const body of faults) assert.equal((await server.send('POST', path, body)).status, 422, body);
  const local = await server.send('POST', `/apis/authorization.k8s.io/v1/namespaces/${namespace}/localsubjectaccessreviews`, {
    spec: { user: 'view', resourceAttributes: { namespace, verb: 'get', resource: 'pods' } },
  });
  assert.deepEqual([local.status, local.json<SubjectAccessReview>().status?.allowed], [201, true]);
  const who = server.as('view', ['system:authenticated']);
  const rules = (
    await (
      await who.raw({
        method: 'POST',
        path: '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews',
        body: JSON.stringify({ spec: { namespace } }),
      })
    ).chunks[Symbol.asyncIterator]().next()
  ).value as Buffer;
  const { status } = JSON.parse(rules.toString()) as SelfSubjectRulesReview;
  assert.equal(status?.incomplete, false);
  assert.ok(status?.resourceRules.some(({ resources, verbs }) => resources?.includes('pods') && verbs.includes('list')));
  assert.ok(status?.nonResourceRules.some(({ nonResourceURLs }) => nonResourceURLs?.includes('/healthz')));
  const empty = await server.send('POST', '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews', {});
  assert.deepEqual([empty.status, empty.json<Status>().message], [400, 'no namespace on request']);
});

test('acting as somebody else needs leave for each part of it', async () => {
  const as = (headers: Record<string, string>, name = 'admin', groups = ['system:masters']) =>
    server.transport(name, groups).send({ method: 'GET', path: '/api/v1/namespaces/default/pods', headers });
  assert.equal((await as({ 'impersonate-user': 'view' })).status, 200);
  assert.equal((await as({ 'impersonate-user': 'nobody' })).status, 403);
  assert.equal((await as({ 'impersonate-user': 'nobody', 'impersonate-group': 'a, readers' })).status, 200);
  assert.equal((await as({ 'impersonate-group': 'readers' })).status, 400);
  assert.equal((await as({ 'impersonate-user': 'admin' }, 'view', [])).status, 403);
  await server.api.create(ClusterRole, {
    metadata: { name: 'actor' },
    rules: [{ verbs: ['impersonate'], apiGroups: [''], resources: ['users'], resourceNames: ['view'] }],
  });
  await server.api.create(ClusterRoleBinding, {
    metadata: { name: 'actor' },
    roleRef: { apiGroup: rbacGroup, kind: 'ClusterRole', name: 'actor' },
    subjects: [{ kind: 'User', name: 'actor' }],
  });
  assert.equal((await as({ 'impersonate-user': 'view' }, 'actor', [])).status, 200);
  assert.equal((await as({ 'impersonate-user': 'view', 'impersonate-group': 'system:masters' }, 'actor', [])).status, 403);
  assert.equal((await as({ 'impersonate-user': 'view', 'impersonate-extra-scopes': 'x' }, 'actor', [])).status, 403);
  const whoami = await server.send(
    'POST',
    '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    {},
    { 'impersonate-user': 'system:serviceaccount:a:b', 'impersonate-uid': 'u', 'impersonate-extra-a%2fb': 'c' },
  );
  assert.deepEqual(whoami.json<{ status: { userInfo: object } }>().status.userInfo, {
    username: 'system:serviceaccount:a:b',
    uid: 'u',
    groups: ['system:serviceaccounts', 'system:serviceaccounts:a', 'system:authenticated'],
    extra: { 'a/b': ['c'] },
  });
});

test('nobody grants what they do not have', async () => {
  const { api } = server;
  const bind = (name: string, role: string, user: string): RoleBinding => ({
    metadata: { name, namespace },
    roleRef: { apiGroup: rbacGroup, kind: 'ClusterRole', name: role },
    subjects: [{ kind: 'User', name: user }],
  });
  await api.create(RoleBinding, bind('climber', 'admin', 'climber'));
  const climber = server.as('climber', ['system:authenticated']);
  await climber.create(RoleBinding, bind('fine', 'view', 'friend'));
  await assert.rejects(climber.create(RoleBinding, bind('steep', 'cluster-admin', 'climber')), {
    code: 403,
    message:
      /^rolebindings\.rbac\.authorization\.k8s\.io "steep" is forbidden: user "climber" \(groups=\["system:authenticated"\]\) is attempting to grant RBAC permissions not currently held:\n\{APIGroups:\["\*"\], Resources:\["\*"\], Verbs:\["\*"\]\}\n\{NonResourceURLs:\["\*"\], Verbs:\["\*"\]\}$/,
  });
  await assert.rejects(climber.create(RoleBinding, bind('ghost', 'absent', 'climber')), {
    code: 404,
    message: 'clusterroles.rbac.authorization.k8s.io "absent" not found',
  });
  const role = (name: string, ...resources: string[]): Role => ({
    metadata: { name, namespace },
    rules: [{ verbs: ['get', 'list'], apiGroups: [''], resources }],
  });
  const made = await climber.create(Role, role('pods', 'pods', 'pods/log'));
  await assert.rejects(climber.create(Role, role('nodes', 'pods', 'nodes')), {
    code: 403,
    message: /\{APIGroups:\[""\], Resources:\["nodes"\], Verbs:\["get" "list"\]\}$/,
  });
  await assert.rejects(climber.update(Role, { ...made, rules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }] }), { code: 403 });
  const verbs = ['bind', 'escalate', 'create', 'update'];
  await api.create(ClusterRole, {
    metadata: { name: 'binder' },
    rules: [{ verbs, apiGroups: [rbacGroup], resources: ['clusterroles', 'roles', 'rolebindings'] }],
  });
  await api.create(RoleBinding, bind('binder', 'binder', 'climber'));
  await climber.create(RoleBinding, bind('steep', 'cluster-admin', 'climber'));
  await climber.create(Role, role('nodes', 'nodes'));
});
