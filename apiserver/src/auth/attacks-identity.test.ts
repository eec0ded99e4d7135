import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { systemClock } from '@keelson/base';
import { type Credential, createCA, issue } from '@keelson/pki';
import { ClusterRole, ClusterRoleBinding } from '@keelson/types';
import { startTlsServer, type TlsFixture } from '../testing/tls.ts';

/** Certificates and headers that claim somebody else, over TLS. */

let server: TlsFixture;
let alice: Credential;
let proxy: Credential;
before(async () => {
  server = await startTlsServer();
  alice = await server.certificate('alice');
  proxy = await server.certificate('front-proxy-client', [], server.frontProxyCA);
});
after(() => server.close());

const whoami = '/apis/authentication.k8s.io/v1/selfsubjectreviews';

interface Who {
  readonly username: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** Whom the server takes the sender for, or the status it refuses with. `headers` are name, value, name, value, … */
async function who(credential: Credential | undefined, ...headers: string[]): Promise<Who | number> {
  const all = ['content-type', 'application/json', 'content-length', '2', 'host', '127.0.0.1', ...headers];
  const reply = await server.ask(whoami, { method: 'POST', body: '{}', headers: all, credential });
  return reply.status === 201 ? (JSON.parse(reply.text) as { status: { userInfo: Who } }).status.userInfo : reply.status;
}

const name = async (credential: Credential | undefined, ...headers: string[]): Promise<string | number> => {
  const found = await who(credential, ...headers);
  return typeof found === 'number' ? found : found.username;
};

test('a certificate of another authority proves nothing, even with the same name', async () => {
  const pretender = await createCA({ commonName: 'kubernetes', days: 1, clock: systemClock });
  const admin = await server.certificate('kubernetes-admin', ['system:masters'], pretender);
  assert.equal(await name(admin), 401);
  assert.equal((await server.ask('/livez', { credential: admin })).status, 401);
  assert.equal(await name(await server.certificate('kubernetes-admin', ['system:masters'])), 'kubernetes-admin');
});

test('a certificate is known again by its fingerprint', async () => {
  const credential = await server.certificate('bob', ['ops']);
  const fingerprint = new X509Certificate(credential.certPem).fingerprint256.replaceAll(':', '').toLowerCase();
  assert.deepEqual(await who(credential), {
    username: 'bob',
    groups: ['ops', 'system:authenticated'],
    extra: { 'authentication.kubernetes.io/credential-id': [`X509SHA256=${fingerprint}`] },
  });
});

test('a certificate of a client that poses as an authority', async () => {
  const { certPem, keyPem } = await server.certificate('mallory', ['system:masters'], alice);
  assert.equal(await name({ certPem: certPem + alice.certPem, keyPem }), 401);
});

test('expired, of the future, or made for servers', async () => {
  const at = (shift: number) => ({ ...systemClock, now: () => systemClock.now() + shift });
  const short = { ca: server.ca, commonName: 'alice', usages: ['client'] as const };
  const serving = await issue({ ...short, usages: ['server'], days: 1, clock: systemClock });
  assert.equal(await name(serving), 401, 'server auth only');
  const coming = await issue({ ...short, days: 0.5, clock: at(3_600_000) });
  assert.equal(await name(coming), 401, 'not yet valid');
  const gone = await issue({ ...short, days: 1 / 86_400_000, clock: at(-290_000) });
  assert.equal(await name(gone), 401, 'expired');
});

test('the front proxy’s authority signs no users', async () => {
  assert.equal(await name(await server.certificate('admin', ['system:masters'], server.frontProxyCA)), 401);
  assert.equal(await name(proxy), 401, 'nor is the proxy one');
});

test('X-Remote headers without the proxy’s certificate mean nothing', async () => {
  const claim = ['x-remote-user', 'admin', 'x-remote-group', 'system:masters'];
  assert.deepEqual(await who(alice, ...claim), await who(alice));
  assert.equal(await name(alice), 'alice');
  assert.equal((await server.ask('/api/v1/secrets', { headers: [...claim, 'host', 'x'] })).status, 403);
  assert.equal(await name(await server.certificate('someone-else', [], server.frontProxyCA), ...claim), 401, 'a name that is not allowed');
  assert.equal(
    await name(await server.certificate('front-proxy-client'), ...claim),
    'front-proxy-client',
    'the name under the other authority',
  );
  assert.equal(await name(proxy, ...claim), 'admin');
});

test('spellings a proxy might let pass are other headers', async () => {
  for (const header of ['x_remote_user', 'X-Remote_User', 'x-remote-user-', 'x.remote.user'])
    assert.equal(await name(proxy, header, 'admin'), 401, header);
  assert.equal(await name(alice, 'impersonate_user', 'admin'), 'alice');
  assert.equal(await name(alice, 'x_remote_user', 'admin', 'x_remote_group', 'system:masters'), 'alice');
});

test('a header sent twice: whom the proxy meant cannot be told', async () => {
  assert.equal(await name(proxy, 'x-remote-user', 'jane', 'x-remote-user', 'admin'), 401);
  assert.equal(await name(proxy, 'x-remote-user', 'jane', 'X-REMOTE-USER', 'admin'), 401);
  assert.deepEqual(await who(proxy, 'x-remote-user', 'jane', 'x-remote-group', 'a', 'x-remote-group', 'b,c'), {
    ...{ username: 'jane', groups: ['a', 'b,c', 'system:authenticated'] },
    ...{ extra: {} },
  });
  const admin = await server.certificate('root', ['system:masters']);
  assert.equal(await name(admin, 'impersonate-user', 'jane', 'impersonate-user', 'admin'), 400);
});

test('two requests in one: lengths that disagree are refused', async () => {
  const smuggled = 'GET /api/v1/secrets HTTP/1.1\r\nhost: x\r\n\r\n';
  const heads = [
    `content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
    `content-length: 0\r\ncontent-length: ${smuggled.length}\r\n\r\n${smuggled}`,
    `transfer-encoding: xchunked\r\ncontent-length: 0\r\n\r\n${smuggled}`,
    `transfer-encoding : chunked\r\n\r\n0\r\n\r\n${smuggled}`,
    `x: y\r\n\tz\r\nfolded: a\r\n content-length: 5\r\n\r\n${smuggled}`,
  ];
  for (const head of heads) {
    const socket = await server.dial();
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk;
    });
    socket.write(`POST /livez HTTP/1.1\r\nhost: x\r\nconnection: keep-alive\r\n${head}`);
    socket.setTimeout(1_000, () => socket.destroy());
    await once(socket, 'close');
    assert.match(text, /^HTTP\/1\.1 400/, head);
    assert.equal(text.match(/HTTP\/1\.1 \d/g)?.length, 1, head);
  }
});

test('impersonation: each part needs its own leave, and keys are read as they were meant', async () => {
  const { api } = server;
  const rules = [
    { verbs: ['impersonate'], apiGroups: [''], resources: ['users'], resourceNames: ['bob'] },
    { verbs: ['impersonate'], apiGroups: [''], resources: ['groups'], resourceNames: ['devs, ops'] },
    { verbs: ['impersonate'], apiGroups: ['authentication.k8s.io'], resources: ['uids'], resourceNames: ['u-1'] },
    { verbs: ['impersonate'], apiGroups: ['authentication.k8s.io'], resources: ['userextras/acme.com/project'], resourceNames: ['x'] },
  ];
  await api.create(ClusterRole, { metadata: { name: 'poser' }, rules });
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'poser' };
  const subjects = [{ kind: 'User', name: 'alice', apiGroup: 'rbac.authorization.k8s.io' }];
  await api.create(ClusterRoleBinding, { metadata: { name: 'poser' }, roleRef, subjects });
  const bob = ['impersonate-user', 'bob'];
  assert.deepEqual(await who(alice, ...bob, 'impersonate-group', 'devs, ops', 'impersonate-extra-acme.com%2fproject', 'x'), {
    ...{ username: 'bob', groups: ['devs, ops', 'system:authenticated'] },
    ...{ extra: { 'acme.com/project': ['x'] } },
  });
  const refused = async (...headers: string[]): Promise<string> => {
    const all = ['content-type', 'application/json', 'content-length', '2', 'host', 'x', ...headers];
    const reply = await server.ask(whoami, { method: 'POST', body: '{}', headers: all, credential: alice });
    return `${reply.status} ${(JSON.parse(reply.text) as { message: string }).message}`;
  };
  const cannot = (what: string, scope = 'at the cluster scope'): string =>
    `403 ${what} is forbidden: User "alice" cannot impersonate resource ${scope}`;
  assert.equal(await refused('impersonate-user', 'carol'), cannot('users "carol"', '"users" in API group "" at the cluster scope'));
  assert.equal(
    await refused(...bob, 'impersonate-group', 'system:masters'),
    cannot('groups "system:masters"', '"groups" in API group "" at the cluster scope'),
  );
  assert.equal(
    await refused(...bob, 'impersonate-uid', 'u-2'),
    cannot('uids.authentication.k8s.io "u-2"', '"uids" in API group "authentication.k8s.io" at the cluster scope'),
  );
  assert.equal(
    await refused(...bob, 'impersonate-extra-acme.com%2fproject', 'y'),
    cannot(
      'userextras.authentication.k8s.io "y"',
      '"userextras/acme.com/project" in API group "authentication.k8s.io" at the cluster scope',
    ),
  );
  assert.match(await refused(...bob, 'impersonate-extra-acme.com%252fproject', 'x'), /^403 /);
  assert.equal(
    await refused('impersonate-user', 'system:serviceaccount:kube-system:admin'),
    cannot('serviceaccounts "admin"', '"serviceaccounts" in API group "" in the namespace "kube-system"'),
  );
  assert.match(await refused('impersonate-user', 'system:masters'), /^403 users /);
  assert.match(await refused('impersonate-group', 'system:masters'), /^4\d\d /);
  assert.match(await refused('impersonate-uid', 'u-1'), /^4\d\d /);
});
