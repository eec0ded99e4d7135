import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { systemClock } from '@keelson/base';
import { type Credential, createCA, issue } from '@keelson/pki';
import { eventually } from '@keelson/testing';
import { ClusterRole, ClusterRoleBinding, Node, Pod, ServiceAccount } from '@keelson/types';
import { createKubelets } from '../../auth/kubelets.ts';
import { type Fixture, podOf, startServer } from '../../testing/fixture.ts';
import { listen, type RunningServer } from '../listener/server.ts';

const ca = await createCA({ commonName: 'test', days: 1, clock: systemClock });
const certificate = (commonName: string, organizations: string[], usage: 'client' | 'server'): Promise<Credential> =>
  issue({ ca, commonName, organizations, ips: ['127.0.0.1'], usages: [usage], days: 1, clock: systemClock });
const serving = await certificate('server', [], 'server');
const admin = await certificate('admin', ['system:masters'], 'client');
const viewer = await certificate('viewer', [], 'client');
const toKubelets = await certificate('kube-apiserver', [], 'client');

/** A kubelet as far as the API server sees one: it switches protocols, then says everything again. */
const heads: string[] = [];
const open = new Set<TLSSocket>();
const kubelet = createServer(
  { cert: serving.certPem, key: serving.keyPem, ca: ca.certPem, requestCert: true, rejectUnauthorized: true },
  (socket) => {
    open.add(socket.on('close', () => open.delete(socket)).on('error', () => undefined));
    let head = '';
    socket.on('data', (chunk) => {
      if (head.includes('\r\n\r\n')) return void socket.write(chunk);
      head += chunk.toString('latin1');
      const end = head.indexOf('\r\n\r\n');
      if (end < 0) return;
      heads.push(head.slice(0, end));
      socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: SPDY/3.1\r\nconnection: Upgrade\r\n\r\n');
      if (head.length > end + 4) socket.write(Buffer.from(head.slice(end + 4), 'latin1'));
    });
  },
);

let server: Fixture;
let listener: RunningServer;
before(async () => {
  kubelet.listen(0, '127.0.0.1');
  await once(kubelet, 'listening');
  const { port } = kubelet.address() as { port: number };
  server = await startServer({
    kubelets: createKubelets({ client: () => ({ cert: toKubelets.certPem, key: toKubelets.keyPem }), caData: ca.certPem }),
  });
  listener = await listen({
    host: '127.0.0.1',
    port: 0,
    cert: serving.certPem,
    key: serving.keyPem,
    clientCA: ca.certPem,
    handle: server.server.handle,
    upgrade: server.server.upgrade,
  });
  const { api } = server;
  await api.create(ServiceAccount, { metadata: { name: 'default', namespace: 'default' } });
  await api.create(Node, {
    metadata: { name: 'n1' },
    spec: {},
    status: { addresses: [{ type: 'InternalIP', address: '127.0.0.1' }], daemonEndpoints: { kubeletEndpoint: { Port: port } } },
  });
  await api.create(Pod, podOf('p', { metadata: { namespace: 'default' }, spec: { nodeName: 'n1' } }) as Pod);
  await api.create(Pod, podOf('waiting', { metadata: { namespace: 'default' } }) as Pod);
});
after(async () => {
  await server.close();
  await listener.close();
  kubelet.close();
});

interface Client {
  readonly socket: TLSSocket;
  text: string;
}

async function client(request: string, identity = admin): Promise<Client> {
  const socket = connect({ host: '127.0.0.1', port: listener.port, ca: ca.certPem, cert: identity.certPem, key: identity.keyPem });
  const result: Client = { socket, text: '' };
  socket.on('data', (chunk) => (result.text += chunk.toString('latin1'))).on('error', () => undefined);
  await once(socket, 'secureConnect');
  socket.write(request);
  return result;
}

const upgrade = (path: string, method = 'POST', more = ''): string =>
  `${method} ${path} HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: SPDY/3.1\r\n${more}\r\n`;
const exec = '/api/v1/namespaces/default/pods/p/exec?command=ls&command=-l&stdin=true&stdout=True&tty=False';

test('exec is a tunnel to the kubelet, byte by byte, from the first byte on', async () => {
  const { socket, ...said } = await client(
    `${upgrade(exec, 'POST', 'authorization: Bearer secret\r\nx-stream-protocol-version: v4.channel.k8s.io\r\n')}early`,
  );
  const live = { socket, ...said };
  socket.on('data', (chunk) => (live.text += chunk.toString('latin1')));
  await eventually(() => live.text.includes('early'));
  assert.match(live.text, /^HTTP\/1\.1 101 Switching Protocols\r\nupgrade: SPDY\/3\.1\r\n/);
  const big = Buffer.alloc(300_000, 7);
  let received = 0;
  socket.on('data', (chunk) => (received += chunk.length));
  socket.write(big);
  await eventually(() => received >= big.length);
  const head = heads.at(-1) ?? '';
  assert.match(head, /^POST \/exec\/default\/p\/main\?command=ls&command=-l&input=1&output=1 HTTP\/1\.1\r\nhost: 127\.0\.0\.1/);
  assert.match(head, /x-stream-protocol-version: v4\.channel\.k8s\.io/);
  assert.doesNotMatch(head, /secret/);
  socket.destroy();
  await eventually(() => open.size === 0, { message: 'the kubelet’s side ends with the client’s' });
});

test('who may not, and what cannot be, is told over plain HTTP', async () => {
  const answer = async (request: string, identity = admin): Promise<string> => {
    const { socket, ...first } = await client(request, identity);
    let text = first.text;
    socket.on('data', (chunk) => (text += chunk.toString('latin1')));
    await eventually(() => /\r\n\r\n\{.*\}/s.test(text), { message: text });
    socket.destroy();
    return text;
  };
  assert.match(
    await answer(upgrade(exec), viewer),
    /^HTTP\/1\.1 403 Forbidden\r\n[\s\S]*User \\"viewer\\" cannot create resource \\"pods\/exec\\"/,
  );
  assert.match(await answer(upgrade(exec.replace('/p/', '/absent/'))), /^HTTP\/1\.1 404 Not Found\r\n/);
  assert.match(
    await answer(upgrade(exec.replace('/p/', '/waiting/'))),
    /^HTTP\/1\.1 400 Bad Request\r\n[\s\S]*pod waiting does not have a host assigned/,
  );
  for (const pod of ['p', 'waiting']) {
    const path = `${exec.replace('/p/', `/${pod}/`)}&container=nope`;
    assert.match(await answer(upgrade(path)), new RegExp(`container nope is not valid for pod ${pod}`));
  }
  assert.match(
    await answer(upgrade('/version', 'GET')),
    /^HTTP\/1\.1 200 OK\r\n[\s\S]*gitVersion/,
    'a wish for an upgrade that means nothing is passed over',
  );
  assert.match(
    await answer(`POST ${exec} HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n`),
    /^HTTP\/1\.1 400 Bad Request\r\n[\s\S]*"message":"Upgrade request required"/,
  );
});

test('opening a stream by GET needs leave to create, too', async () => {
  const { api } = server;
  await api.create(ClusterRole, {
    metadata: { name: 'getter' },
    rules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods/exec'] }],
  });
  await api.create(ClusterRoleBinding, {
    metadata: { name: 'getter' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'getter' },
    subjects: [{ kind: 'User', name: 'viewer' }],
  });
  const live = await client(upgrade(exec, 'GET'), viewer);
  await eventually(() => live.text.includes('cannot create resource'));
  live.socket.destroy();
});

test('a body past the limit is answered even when its length was not told', async () => {
  const live = await client(
    'POST /api/v1/namespaces/default/configmaps HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n',
  );
  const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
  for (let n = 0; n < 60; n++) live.socket.write(chunk);
  await eventually(() => live.text.includes('Request entity too large: limit is 3145728'), { message: live.text });
  live.socket.destroy();
});
