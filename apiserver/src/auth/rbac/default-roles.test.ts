import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { ClusterRole, ClusterRoleBinding, RoleBinding, type SubjectAccessReview } from '@keelson/types';
import { type Fixture, startServer } from '../../testing/fixture.ts';
import type { AuthorizationAttributes } from '../types.ts';
import { type RbacAuthorizer, rbacAuthorizer } from './authorizer.ts';

/**
 * Every identity of Kubernetes' default bindings, and one for each role that is bound to nobody, against every verb and every resource the
 * default roles name: decided by the server, and by the tables, read in the plainest way there is.
 */

const apiGroup = 'rbac.authorization.k8s.io';
const namespaces = ['', 'default', 'kube-public', 'kube-system'];

/** A role's line: each member a list. */
interface Line {
  readonly role: string;
  readonly groups: readonly string[];
  /** Resources, or URLs where there are no groups. */
  readonly things: readonly string[];
  readonly verbs: readonly string[];
  readonly names: readonly string[];
}

interface Bound {
  readonly role: string;
  /** Where; everywhere when empty. */
  readonly namespace: string;
}

interface Identity {
  readonly user: string;
  readonly groups: readonly string[];
  readonly bound: readonly Bound[];
}

function table(file: string): string[][] {
  const text = readFileSync(new URL(`testdata/${file}`, import.meta.url), 'utf8');
  return text
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split('\t').map((cell) => (cell === '-' ? '' : cell)));
}

/** What a line of an aggregated role stands for: the roles it gathers, by the table's own labels, and the one it stands upon. */
const gathered: Readonly<Record<string, readonly string[]>> = {
  view: ['system:aggregate-to-view'],
  edit: ['system:aggregate-to-edit', 'view'],
  admin: ['system:aggregate-to-admin', 'edit'],
};
const key = (kind: string, namespace: string, name: string): string => `${kind}/${kind === 'Role' ? namespace : ''}/${name}`;

const lines: Line[] = [];
const roles = new Set<string>();
for (const [kind = '', namespace = '', name = '', groups = '', things = '', verbs = '', rest = ''] of table('rbac-roles.tsv')) {
  const role = key(kind, namespace, name);
  roles.add(role);
  if (groups === 'aggregates') continue;
  const plain = rest.split(' ')[0] ?? '';
  const list = (text: string): string[] => text.split(',').map((item) => (item === '""' ? '' : item));
  lines.push({
    ...{ role, things: list(things), verbs: list(verbs) },
    groups: groups === '' ? [] : list(groups),
    names: plain === '-' || plain === '' || plain.startsWith('{') ? [] : list(plain),
  });
}

function linesOf(role: string): readonly Line[] {
  const members = gathered[role.split('/')[2] ?? ''] ?? [];
  return [...lines.filter((line) => line.role === role), ...members.flatMap((member) => linesOf(key('ClusterRole', '', member)))];
}

const identities = new Map<string, Identity>();
const unbound = new Set(roles);
for (const [kind = '', namespace = '', , role = '', subjectKind = '', where = '', subject = ''] of table('rbac-bindings.tsv')) {
  const local = key('Role', namespace, role);
  const bound = { role: kind === 'RoleBinding' && roles.has(local) ? local : key('ClusterRole', '', role), namespace };
  unbound.delete(bound.role);
  const user = subjectKind === 'ServiceAccount' ? `system:serviceaccount:${where}:${subject}` : subject;
  const name = `${subjectKind} ${user}`;
  const before = identities.get(name)?.bound ?? [];
  const groups = subjectKind === 'Group' ? [subject] : [];
  identities.set(name, { user: subjectKind === 'Group' ? 'somebody' : user, groups, bound: [...before, bound] });
}
for (const role of unbound) {
  const [kind = '', namespace = '', name = ''] = role.split('/');
  const where = kind === 'Role' ? namespace : name.startsWith('system:') ? '' : 'default';
  identities.set(`bound to ${role}`, { user: `of ${name}`, groups: [], bound: [{ role, namespace: where }] });
}
identities.set('nobody', { user: 'nobody', groups: [], bound: [] });

const verbs = [...new Set([...lines.flatMap((line) => line.verbs), 'bind', 'impersonate', 'deletecollection', 'use', 'frobnicate'])].filter(
  (verb) => verb !== '*',
);
const resources = [...new Set(lines.flatMap(({ groups, things }) => groups.flatMap((group) => things.map((thing) => `${group} ${thing}`))))]
  .filter((pair) => !pair.includes('*'))
  .concat(' nodes/proxy', ' secrets/absent', 'example.com widgets', 'example.com widgets/status');
const urls = [...new Set(lines.flatMap(({ groups, things }) => (groups.length === 0 ? things : [])))]
  .map((url) => url.replace('*', 'x/y'))
  .concat('/', '/metrics', '/healthz/etcd', '/version', '/debug/pprof/heap', '/logs/x', '/apis', '/openapi/v3/apis/apps/v1', '/healthzz');

interface Asked {
  readonly verb: string;
  readonly group?: string;
  /** With its subresource, or a URL where there is no group. */
  readonly thing: string;
  readonly namespace: string;
  readonly name: string;
}

/** What the tables say. */
function expected({ bound }: Identity, asked: Asked): boolean {
  return bound.some(({ role, namespace }) => {
    if (namespace !== '' && namespace !== asked.namespace) return false;
    return linesOf(role).some((line) => allows(line, asked));
  });
}

function allows({ groups, things, verbs, names }: Line, { verb, group, thing, name }: Asked): boolean {
  if (!verbs.includes('*') && !verbs.includes(verb)) return false;
  if (group === undefined)
    return groups.length === 0 && things.some((url) => url === thing || (url.endsWith('*') && thing.startsWith(url.slice(0, -1))));
  if (!groups.includes(group) && !groups.includes('*')) return false;
  const subresource = thing.split('/')[1];
  if (![thing, '*', ...(subresource ? [`*/${subresource}`] : [])].some((one) => things.includes(one))) return false;
  return names.length === 0 || names.includes(name);
}

let server: Fixture;
let rbac: RbacAuthorizer;
before(async () => {
  server = await startServer();
  for (const { user, bound } of [...identities.values()].filter(({ user }) => user.startsWith('of '))) {
    const [{ role, namespace }] = bound as [Bound];
    const [kind = '', , name = ''] = role.split('/');
    const binding = { roleRef: { apiGroup, kind, name }, subjects: [{ kind: 'User', name: user, apiGroup }] };
    if (namespace === '') await server.api.create(ClusterRoleBinding, { metadata: { name: `test-${name}` }, ...binding });
    else await server.api.create(RoleBinding, { metadata: { name: `test-${name}`, namespace }, ...binding });
  }
  rbac = rbacAuthorizer(server.server.registry);
});
after(() => server.close());

const attributes = ({ user, groups }: Identity, { verb, group, thing, namespace, name }: Asked): AuthorizationAttributes => {
  const [resource = '', subresource = ''] = thing.split('/');
  const place =
    group === undefined ? { path: thing, group: '', resource: '', subresource: '' } : { path: '', group, resource, subresource };
  return { user: { name: user, groups }, verb, isResource: group !== undefined, version: 'v1', ...place, namespace, name };
};

/** All questions about one resource or URL. */
function* questions(): Generator<Asked> {
  for (const verb of verbs) {
    for (const url of urls) yield { verb, thing: url, namespace: '', name: '' };
    for (const pair of resources) {
      const [group = '', thing = ''] = pair.split(' ');
      const names = new Set(['', ...lines.filter((line) => line.things.includes(thing)).flatMap((line) => line.names)]);
      for (const name of names) for (const namespace of namespaces) yield { verb, group, thing, namespace, name };
    }
  }
}

test('every identity × verb × resource is decided as the tables of the default roles say', () => {
  const all = [...questions()];
  let [granted, count] = [0, 0];
  for (const [name, identity] of identities) {
    const wrong: string[] = [];
    for (const asked of all) {
      const wanted = expected(identity, asked);
      const decision = rbac.authorize(attributes(identity, asked)) as { type: string };
      count++;
      if (wanted) granted++;
      if ((decision.type === 'allow') !== wanted) wrong.push(`${wanted ? 'must' : 'must not'} ${JSON.stringify(asked)}`);
    }
    assert.deepEqual(wrong.slice(0, 10), [], name);
  }
  assert.ok(
    identities.size > 60 && count > 500_000 && granted > 5_000,
    `${identities.size} identities, ${count} questions, ${granted} granted`,
  );
});

test('the server answers the same of them by SubjectAccessReview', async () => {
  const all = [...questions()];
  let index = 0;
  for (const [name, identity] of identities) {
    for (let i = 0; i < 8; i++) {
      index = (index + 7_919) % all.length;
      const asked = all[index] as Asked;
      const { verb, path, group, resource, subresource, namespace } = attributes(identity, asked);
      const place = { verb, group, resource, subresource, namespace, name: asked.name };
      const what = asked.group === undefined ? { nonResourceAttributes: { path, verb } } : { resourceAttributes: place };
      const spec = { user: identity.user, groups: identity.groups, ...what };
      const answer = await server.send('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', { spec });
      const allowed = answer.json<SubjectAccessReview>().status?.allowed ?? false;
      assert.equal(allowed, expected(identity, asked), `${name} ${JSON.stringify(asked)}`);
    }
  }
});

test('every role of the tables is there, and no other', async () => {
  const found = (await server.api.list(ClusterRole)).items.map(({ metadata }) => key('ClusterRole', '', metadata.name ?? ''));
  assert.deepEqual(found.sort(), [...roles].filter((role) => role.startsWith('ClusterRole/')).sort());
});
