import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { connect, type TLSSocket } from 'node:tls';
import { systemClock } from '@keelson/base';
import { type Credential, createCA, type FrontProxyTrust, issue } from '@keelson/pki';
import { eventually } from '@keelson/testing';
import { APIService, type APIServiceSpec, ClusterRole, ClusterRoleBinding, Service } from '@keelson/types';
import { listen, type RunningServer } from '../../http/listener/server.ts';
import { type Fixture, startServer } from '../../testing/fixture.ts';
import { FlunderServer, type Seen } from '../../testing/flunders.ts';

const name = 'v1alpha1.wardle.example.com';
const base = '/apis/wardle.example.com/v1alpha1';
const flunders = `${base}/namespaces/default/flunders`;
const v2 = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

let flunder: FlunderServer;
let server: Fixture;
before(async () => {
  flunder = await FlunderServer.start();
  const { certPem: cert, keyPem: key } = flunder.frontProxy;
  const client = { cert, key };
  server = await startServer({ aggregation: { client: () => client } });
  await server.send('POST', '/api/v1/namespaces', { metadata: { name: 'wardle' } });
  await server.api.create(Service, {
    metadata: { name: 'flunders', namespace: 'wardle' },
    spec: { type: 'ExternalName', externalName: '127.0.0.1' },
  });
});
after(async () => {
  await server.close();
  flunder.close();
});

const spec = (over: Partial<APIServiceSpec> = {}): APIServiceSpec => ({
  group: 'wardle.example.com',
  version: 'v1alpha1',
  groupPriorityMinimum: 2000,
  versionPriority: 200,
  service: { namespace: 'wardle', name: 'flunders', port: flunder.port },
  caBundle: Buffer.from(flunder.ca.certPem).toString('base64'),
  ...over,
});

async function condition(): Promise<string> {
  const { status } = await server.api.get(APIService, { name });
  const found = status?.conditions?.find(({ type }) => type === 'Available');
  return `${found?.status} ${found?.reason}`;
}

async function register(over: Partial<APIServiceSpec>, expected: string): Promise<void> {
  await server.api.create(APIService, { metadata: { name }, spec: spec(over) });
  await eventually(async () => (await condition()) === expected, { message: `${expected}, not ${await condition()}` });
}

test('the groups this server serves itself are registered as local', async () => {
  const { items } = await server.api.list(APIService);
  const apps = items.find(({ metadata }) => metadata.name === 'v1.apps');
  assert.deepEqual(apps?.spec, { group: 'apps', groupPriorityMinimum: 17_800, version: 'v1', versionPriority: 15 });
  assert.equal(apps?.metadata.labels?.['kube-aggregator.kubernetes.io/automanaged'], 'onstart');
  assert.ok(items.every(({ status }) => status?.conditions?.[0]?.reason === 'Local'));
  assert.ok(items.some(({ metadata }) => metadata.name === 'v1.'));
  assert.ok(!items.some(({ metadata }) => metadata.name === 'v1.apiregistration.k8s.io'));
});

test('requests are the other server’s, with whom this one found them to be', async () => {
  await register({}, 'True Passed');
  const body = { apiVersion: 'wardle.example.com/v1alpha1', kind: 'Flunder', metadata: { name: 'test-flunder' } };
  const created = await server.send('POST', flunders, body, {
    'content-type': 'application/json',
    authorization: 'Bearer not-for-you',
    'x-remote-user': 'root',
    'x-remote-extra-a': 'b',
    connection: 'close, x-secret',
    'x-secret': '1',
    'x-other': '2',
  });
  assert.deepEqual([created.status, created.headers['x-from'], created.json()], [201, 'flunders', body]);
  const { headers, proxy } = flunder.seen.at(-1) as Seen;
  assert.equal(proxy, 'front-proxy-client');
  assert.deepEqual(headers['x-remote-user'], ['admin']);
  assert.deepEqual(headers['x-remote-group'], ['system:masters', 'system:authenticated']);
  for (const gone of ['authorization', 'x-remote-extra-a', 'x-secret']) assert.equal(headers[gone], undefined, gone);
  assert.deepEqual(headers['x-other'], ['2']);
  assert.equal((await server.send('GET', `${flunders}/test-flunder?pretty=false`)).status, 200);
  assert.equal(flunder.seen.at(-1)?.path, `${flunders}/test-flunder?pretty=false`);
  assert.equal((await server.send('DELETE', `${flunders}/test-flunder`, { propagationPolicy: 'Orphan' })).status, 200);
  assert.equal(flunder.seen.at(-1)?.body, '{"propagationPolicy":"Orphan"}');
  assert.equal((await server.send('GET', `${flunders}/test-flunder`)).status, 404);
});

test('who may not is told by this server', async () => {
  const before = flunder.seen.length;
  const answer = await server.transport('jane', []).send({ method: 'GET', path: flunders });
  answer.destroy();
  assert.equal(answer.status, 403);
  assert.ok(!flunder.seen.slice(before).some(({ path }) => path === flunders));
  await server.api.create(ClusterRole, {
    metadata: { name: 'flunder-reader' },
    rules: [{ verbs: ['list'], apiGroups: ['wardle.example.com'], resources: ['flunders'] }],
  });
  await server.api.create(ClusterRoleBinding, {
    metadata: { name: 'flunder-reader' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'flunder-reader' },
    subjects: [{ kind: 'User', name: 'jane', apiGroup: 'rbac.authorization.k8s.io' }],
  });
  await eventually(async () => {
    const again = await server.transport('jane', []).send({ method: 'GET', path: flunders });
    again.destroy();
    return again.status === 200;
  });
  assert.deepEqual(flunder.seen.findLast(({ path }) => path === flunders)?.headers['x-remote-user'], ['jane']);
});

test('a watch streams, and its end is told both ways', async () => {
  const stop = new AbortController();
  const answer = await server.transport().send({ method: 'GET', path: `${flunders}?watch=true`, signal: stop.signal });
  const chunks = answer.chunks[Symbol.asyncIterator]();
  for (const text of ['{"type":"ADDED"}\n', '{"type":"MODIFIED"}\n']) {
    for (const watcher of flunder.watchers) watcher.write(text);
    assert.equal(String((await chunks.next()).value), text);
  }
  stop.abort();
  await eventually(() => flunder.watchers.size === 0, { message: 'the other server hears that the client has gone' });
});

test('discovery tells of it, in both forms, where its priority puts it', async () => {
  interface Group {
    readonly name: string;
    readonly preferredVersion: { readonly groupVersion: string };
  }
  const { groups } = (await server.send('GET', '/apis')).json<{ groups: Group[] }>();
  assert.deepEqual([groups[0]?.name, groups.at(-1)?.name], ['apiregistration.k8s.io', 'wardle.example.com']);
  const group = (await server.send('GET', '/apis/wardle.example.com')).json<Group>();
  assert.equal(group.preferredVersion.groupVersion, 'wardle.example.com/v1alpha1');
  const { items } = (await server.send('GET', '/apis', undefined, { accept: v2 })).json<{ items: { metadata: { name: string } }[] }>();
  assert.deepEqual(items.at(-1), {
    metadata: { name: 'wardle.example.com' },
    versions: [
      {
        version: 'v1alpha1',
        freshness: 'Current',
        resources: [
          {
            resource: 'flunders',
            responseKind: { group: 'wardle.example.com', version: 'v1alpha1', kind: 'Flunder' },
            scope: 'Namespaced',
            singularResource: 'flunder',
            verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
            shortNames: ['fl'],
            subresources: [
              {
                subresource: 'status',
                responseKind: { group: 'wardle.example.com', version: 'v1alpha1', kind: 'Flunder' },
                verbs: ['get', 'patch', 'update'],
              },
            ],
          },
        ],
      },
    ],
  });
});

test('OpenAPI: v3 by the other server’s own hash, v2 joined', async () => {
  const { paths } = (await server.send('GET', '/openapi/v3')).json<{ paths: Record<string, { serverRelativeURL: string }> }>();
  const url = paths['apis/wardle.example.com/v1alpha1']?.serverRelativeURL ?? '';
  assert.equal(url, `/openapi/v3${base}?hash=ABC`);
  assert.equal((await server.send('GET', url)).json<{ from: string }>().from, 'flunders');
  const { definitions } = (await server.send('GET', '/openapi/v2')).json<{ definitions: Record<string, object> }>();
  assert.ok(definitions['com.example.wardle.Flunder'] && definitions['io.k8s.api.core.v1.Pod']);
});

test('status, patches and collections of APIServices, as conformance writes them', async () => {
  const path = `/apis/apiregistration.k8s.io/v1/apiservices/${name}`;
  const merge = { 'content-type': 'application/merge-patch+json' };
  assert.equal((await server.send('GET', `${path}/status`)).status, 200);
  assert.equal(
    (await server.send('PATCH', path, { metadata: { labels: { e2e: 'yes' } }, spec: { versionPriority: 400 } }, merge)).status,
    200,
  );
  const current = await server.api.get(APIService, { name });
  const mine = { type: 'StatusUpdated', status: 'True', reason: 'E2E', message: 'Set from e2e test' };
  current.status = { conditions: [...(current.status?.conditions ?? []), mine] };
  await server.api.update(APIService, current, { subresource: 'status' });
  const { status } = await server.api.get(APIService, { name });
  assert.deepEqual(
    status?.conditions?.map(({ reason }) => reason),
    ['Passed', 'E2E'],
  );
  await server.api.deleteCollection(APIService, { labelSelector: 'e2e=yes' });
  assert.equal((await server.api.list(APIService, { labelSelector: 'e2e=yes' })).items.length, 0);
  await eventually(async () => (await server.send('GET', base)).status === 404);
});

test('a server that cannot be asked is 503, and the condition says why', async (t) => {
  const cases: readonly [string, Partial<APIServiceSpec>, string, RegExp][] = [
    [
      'no service',
      { service: { namespace: 'wardle', name: 'absent' } },
      'False ServiceNotFound',
      /^service\/absent in "wardle" is not present$/,
    ],
    [
      'another authority',
      { caBundle: Buffer.from(flunder.frontProxyCA.certPem).toString('base64') },
      'False FailedDiscoveryCheck',
      /certificate/,
    ],
    ['nobody listens', { service: { namespace: 'wardle', name: 'flunders', port: 1 } }, 'False FailedDiscoveryCheck', /connection refused/],
  ];
  for (const [title, over, expected, message] of cases) {
    await t.test(title, async () => {
      await register(over, expected);
      const { status } = await server.api.get(APIService, { name });
      assert.match(status?.conditions?.[0]?.message ?? '', message);
      const answer = await server.send('GET', flunders);
      assert.deepEqual([answer.status, answer.text], [503, 'service unavailable\n']);
      const { items } = (await server.send('GET', '/apis', undefined, { accept: v2 })).json<{
        items: { metadata: { name: string }; versions: { freshness: string }[] }[];
      }>();
      assert.equal(items.find(({ metadata }) => metadata.name === 'wardle.example.com')?.versions[0]?.freshness, 'Stale');
      await server.api.delete(APIService, { name });
    });
  }
});

test('it is found again when it comes back', async () => {
  flunder.health = 500;
  await register({ insecureSkipTLSVerify: true, caBundle: undefined }, 'False FailedDiscoveryCheck');
  flunder.health = 200;
  await eventually(async () => (await condition()) === 'True Passed');
  assert.equal((await server.send('GET', flunders)).status, 200);
});

const sockets: TLSSocket[] = [];

/** Our server on a socket, and clients of two authorities. */
async function onSocket(
  work: (listener: RunningServer, ca: Credential) => Promise<void>,
  { server: served }: Fixture = server,
  clientCA?: Credential,
): Promise<void> {
  const ca = await createCA({ commonName: 'kubernetes', days: 1, clock: systemClock });
  const serving = await issue({ ca, commonName: 'apiserver', ips: ['127.0.0.1'], usages: ['server'], days: 1, clock: systemClock });
  const listener = await listen({
    host: '127.0.0.1',
    port: 0,
    cert: serving.certPem,
    key: serving.keyPem,
    clientCA: [(clientCA ?? ca).certPem, flunder.frontProxyCA.certPem].join('\n'),
    handle: served.handle,
    upgrade: served.upgrade,
  });
  try {
    await work(listener, ca);
  } finally {
    for (const socket of sockets.splice(0)) socket.destroy();
    await listener.close();
  }
}

async function say(port: number, text: string, ca: Credential, client: Credential): Promise<{ text(): string; write(data: string): void }> {
  const socket = connect({ host: '127.0.0.1', port, ca: ca.certPem, cert: client.certPem, key: client.keyPem });
  sockets.push(socket);
  let heard = '';
  socket.on('data', (chunk) => (heard += chunk.toString('latin1'))).on('error', () => undefined);
  await once(socket, 'secureConnect');
  socket.write(text);
  return { text: () => heard, write: (data) => void socket.write(data) };
}

test('upgraded connections pass through, byte by byte', async () => {
  await onSocket(async ({ port }, ca) => {
    const admin = await issue({ ca, commonName: 'x', organizations: ['system:masters'], usages: ['client'], days: 1, clock: systemClock });
    const ask = (path: string): string =>
      `GET ${flunders}/f/${path} HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-protocol: v5.channel.k8s.io, base64url.bearer.authorization.k8s.io.c2VjcmV0\r\n\r\n`;
    const open = await say(port, `${ask('exec')}early`, ca, admin);
    await eventually(() => /^HTTP\/1\.1 101 [\s\S]*\r\n\r\nearly$/.test(open.text()), { message: open.text() });
    open.write('late');
    await eventually(() => open.text().endsWith('earlylate'));
    const { headers } = flunder.seen.findLast(({ path }) => path.endsWith('/exec')) as Seen;
    assert.deepEqual([headers['sec-websocket-protocol'], headers['x-remote-user']], [['v5.channel.k8s.io'], ['x']]);
    const refused = await say(port, ask('refused'), ca, admin);
    await eventually(() => /^HTTP\/1\.1 403 [\s\S]*\r\n\r\nno$/.test(refused.text()), { message: refused.text() });
  });
});

test('who a front proxy names is believed, of a proxy of its authority only', async () => {
  const ca = await createCA({ commonName: 'kubernetes', days: 1, clock: systemClock });
  const frontProxies: FrontProxyTrust = {
    caPem: flunder.frontProxyCA.certPem,
    allowedNames: ['front-proxy-client'],
    usernameHeaders: ['X-Remote-User'],
    uidHeaders: ['X-Remote-Uid'],
    groupHeaders: ['X-Remote-Group'],
    extraHeaderPrefixes: ['X-Remote-Extra-'],
  };
  const trust = { clientCA: ca.certPem, frontProxies };
  const proxied = await startServer({ trust: () => trust });
  const client = (from: Credential, commonName: string): Promise<Credential> =>
    issue({ ca: from, commonName, usages: ['client'], days: 1, clock: systemClock });
  const asks = async (port: number, authority: Credential, as: Credential, headers: string): Promise<string> => {
    const body = '{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}';
    const head = `POST /apis/authentication.k8s.io/v1/selfsubjectreviews HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n`;
    const said = await say(port, `${head}content-length: ${body.length}\r\n${headers}\r\n${body}`, authority, as);
    await eventually(() => /\r\n\r\n\{/.test(said.text()), { message: said.text() });
    return said.text();
  };
  const jane = 'x-remote-user: jane\r\nx-remote-group: a, system:masters\r\nx-remote-group: b\r\nx-remote-extra-acme%2fscope: c\r\n';
  try {
    await onSocket(
      async ({ port }, serverCA) => {
        const ours = await asks(port, serverCA, flunder.frontProxy, jane);
        assert.match(ours, /"username":"jane"/);
        assert.match(ours, /"groups":\["a, system:masters","b","system:authenticated"\]/, 'a comma in a name joins no group');
        assert.match(ours, /"extra":\{"acme\/scope":\["c"\]\}/);
        assert.match(await asks(port, serverCA, flunder.frontProxy, ''), /^HTTP\/1\.1 401/, 'the proxy itself is nobody');
        assert.match(await asks(port, serverCA, await client(flunder.frontProxyCA, 'other'), jane), /^HTTP\/1\.1 401/);
        assert.match(await asks(port, serverCA, await client(ca, 'bob'), jane), /"username":"bob"/, 'the headers of others mean nothing');
      },
      proxied,
      ca,
    );
  } finally {
    await proxied.close();
  }
});
