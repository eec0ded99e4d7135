import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ClusterRole, ClusterRoleBinding, type PolicyRule, Role, RoleBinding } from '@keelson/types';
import { type Fixture, startServer } from '../../testing/fixture.ts';
import type { AuthorizationAttributes, Authorizer, UserInfo } from '../types.ts';
import type { Wanted } from './impersonation-headers.ts';
import { impersonated } from './impersonation-modes.ts';

/** Impersonation for single actions: `impersonate-on:<mode>:<verb>` and `impersonate:<mode>`. */

const listPods = (user: UserInfo): AuthorizationAttributes => ({
  ...{ user, verb: 'list', isResource: true, path: '', group: '', version: 'v1', resource: 'pods' },
  ...{ subresource: '', namespace: 'a', name: '' },
});

/** Allows what stands in the list, as `verb group resource/subresource namespace/name`, and notes who asked. */
function allowing(...granted: string[]): { authorizers: Authorizer[]; asked: AuthorizationAttributes[] } {
  const asked: AuthorizationAttributes[] = [];
  const authorize = (attributes: AuthorizationAttributes) => {
    asked.push(attributes);
    const { verb, group, resource, subresource, namespace, name } = attributes;
    const text = `${verb} ${group} ${subresource ? `${resource}/${subresource}` : resource} ${namespace}/${name}`;
    return { type: granted.includes(text) ? ('allow' as const) : ('noOpinion' as const), reason: '' };
  };
  return { asked, authorizers: [{ name: 'test', authorize }] };
}

const wanted = (name: string, more: object = {}) => ({ name, uid: '', groups: [], extra: {}, ...more });
const deputy: UserInfo = { name: 'deputy', groups: ['system:authenticated'] };
const idOf = 'authentication.k8s.io';

const constrained = (authorizers: readonly Authorizer[], action: AuthorizationAttributes, who: Wanted) =>
  impersonated(authorizers, action, who).catch((error: Error) => void assert.match(error.message, / is forbidden: User /));

test('a user for one action, with each part of who they are', async () => {
  const grants = ['impersonate-on:user-info:list  pods a/', `impersonate:user-info ${idOf} users /jane`];
  const { authorizers } = allowing(...grants);
  const found = await constrained(authorizers, listPods(deputy), wanted('jane'));
  assert.deepEqual(found, {
    user: { name: 'jane', groups: ['system:authenticated'], extra: {} },
    constraint: 'impersonate:user-info',
  });
  const action = { ...listPods(deputy), verb: 'delete' };
  assert.equal(await constrained(authorizers, action, wanted('jane')), undefined);
  const whole = wanted('jane', { uid: 'u', groups: ['devs'], extra: { 'acme.com/team': ['x'] } });
  assert.equal(await constrained(authorizers, listPods(deputy), whole), undefined);
  const parts = [`uids /u`, `groups /devs`, `userextras/acme.com/team /x`].map((part) => `impersonate:user-info ${idOf} ${part}`);
  assert.ok(await constrained(allowing(...grants, ...parts).authorizers, listPods(deputy), whole));
  const masters = allowing(...grants, `impersonate:user-info ${idOf} groups /system:masters`).authorizers;
  assert.equal(await constrained(masters, listPods(deputy), wanted('jane', { groups: ['system:masters'] })), undefined);
});

test('service accounts and nodes are impersonated by modes of their own, and by their names alone', async () => {
  const asUser = allowing(
    'impersonate-on:user-info:list  pods a/',
    `impersonate:user-info ${idOf} users /system:serviceaccount:a:robot`,
    `impersonate:user-info ${idOf} users /system:node:n1`,
  );
  for (const name of ['system:serviceaccount:a:robot', 'system:node:n1'])
    assert.equal(await constrained(asUser.authorizers, listPods(deputy), wanted(name)), undefined);
  const { authorizers } = allowing(
    'impersonate-on:serviceaccount:list  pods a/',
    `impersonate:serviceaccount ${idOf} serviceaccounts a/robot`,
    'impersonate-on:arbitrary-node:list  pods a/',
    `impersonate:arbitrary-node ${idOf} nodes /n1`,
  );
  const robot = await constrained(authorizers, listPods(deputy), wanted('system:serviceaccount:a:robot'));
  assert.deepEqual(robot?.user.groups, ['system:serviceaccounts', 'system:serviceaccounts:a', 'system:authenticated']);
  const node = await constrained(authorizers, listPods(deputy), wanted('system:node:n1'));
  assert.deepEqual([node?.user.groups, node?.constraint], [['system:nodes', 'system:authenticated'], 'impersonate:arbitrary-node']);
  assert.equal(await constrained(authorizers, listPods(deputy), wanted('system:node:n2')), undefined);
  assert.equal(await constrained(authorizers, listPods(deputy), wanted('system:node:n1', { groups: ['x'] })), undefined);
});

test('an agent is its own node, whichever that is', async () => {
  const grants = ['impersonate-on:associated-node:list  pods a/', `impersonate:associated-node ${idOf} nodes /*`];
  const extra = { 'authentication.kubernetes.io/node-name': ['n1'], 'authentication.kubernetes.io/pod-name': ['p'] };
  const agent = { name: 'system:serviceaccount:kube-system:agent', groups: [], extra };
  const { authorizers, asked } = allowing(...grants);
  const found = await constrained(authorizers, listPods(agent), wanted('system:node:n1'));
  assert.deepEqual([found?.user.name, found?.constraint], ['system:node:n1', 'impersonate:associated-node']);
  const keys = { 'authentication.kubernetes.io/associated-node-keys': Object.keys(extra) };
  for (const { user } of asked) assert.deepEqual(user.extra, keys);
  assert.equal(await constrained(authorizers, listPods(agent), wanted('system:node:n2')), undefined);
  assert.equal(await constrained(authorizers, listPods({ ...agent, name: 'somebody' }), wanted('system:node:n1')), undefined);
});

test('who may be nobody else reads what the first mode would have needed, and what is never allowed', async () => {
  const refusal = (who: Wanted, ...granted: string[]) =>
    impersonated(allowing(...granted).authorizers, listPods(deputy), who).then(String, ({ message }: Error) => message);
  assert.equal(
    await refusal(wanted('jane')),
    'pods is forbidden: User "deputy" cannot impersonate-on:user-info:list resource "pods" in API group "" in the namespace "a"',
  );
  const may = ['impersonate-on:user-info:list  pods a/', `impersonate:user-info ${idOf} users /jane`];
  assert.equal(
    await refusal(wanted('jane', { groups: ['system:masters'] }), ...may),
    'groups.authentication.k8s.io "system:masters" is forbidden: User "deputy" cannot impersonate:user-info resource "groups" in API group "authentication.k8s.io" at the cluster scope: impersonating the system:masters group is not allowed',
  );
  assert.match(await refusal(wanted('jane', { groups: [''] }), ...may), /: impersonating the empty string group is not allowed$/);
  assert.match(
    await refusal(wanted('jane', { extra: { 'acme.com/Team': ['x'] } }), ...may),
    /: impersonating a non-lowercase key in extra is not allowed: "acme\.com\/Team"$/,
  );
});

const namespace = 'default';
let server: Fixture;
before(async () => {
  server = await startServer();
});
after(() => server.close());

const apiGroup = 'rbac.authorization.k8s.io';

async function grant(name: string, rules: PolicyRule[], everywhere: boolean): Promise<void> {
  const subjects = [{ kind: 'User', name: 'deputy', apiGroup }];
  const roleRef = (kind: string) => ({ apiGroup, kind, name });
  if (everywhere) {
    await server.api.create(ClusterRole, { metadata: { name }, rules });
    await server.api.create(ClusterRoleBinding, { metadata: { name }, roleRef: roleRef('ClusterRole'), subjects });
  } else {
    await server.api.create(Role, { metadata: { name, namespace }, rules });
    await server.api.create(RoleBinding, { metadata: { name, namespace }, roleRef: roleRef('Role'), subjects });
  }
}

test('with roles: what both may, where it was said, and nothing else', async () => {
  await grant('who', [{ verbs: ['impersonate:user-info'], apiGroups: [idOf], resources: ['users'], resourceNames: ['jane'] }], true);
  await grant('what', [{ verbs: ['impersonate-on:user-info:list'], apiGroups: [''], resources: ['pods', 'secrets'] }], false);
  const rules = [{ verbs: ['list'], apiGroups: [''], resources: ['pods', 'configmaps'] }];
  await server.api.create(ClusterRole, { metadata: { name: 'jane' }, rules });
  const subjects = [{ kind: 'User', name: 'jane', apiGroup }];
  await server.api.create(ClusterRoleBinding, {
    metadata: { name: 'jane' },
    roleRef: { apiGroup, kind: 'ClusterRole', name: 'jane' },
    subjects,
  });
  const code = async (path: string, user = 'jane'): Promise<number> => {
    const headers = { 'impersonate-user': user };
    const response = await server.transport('deputy', ['system:authenticated']).send({ method: 'GET', path, headers });
    response.destroy();
    return response.status;
  };
  assert.equal(await code('/api/v1/namespaces/default/pods'), 200);
  assert.equal(await code('/api/v1/namespaces/default/configmaps'), 403, 'jane may, but not through the deputy');
  assert.equal(await code('/api/v1/namespaces/default/secrets'), 403, 'the deputy may as jane, who may not');
  assert.equal(await code('/api/v1/namespaces/kube-system/pods'), 403, 'elsewhere');
  assert.equal(await code('/api/v1/namespaces/default/pods/x'), 403, 'another verb');
  assert.equal(await code('/api/v1/namespaces/default/pods', 'admin'), 403, 'another user');
});
