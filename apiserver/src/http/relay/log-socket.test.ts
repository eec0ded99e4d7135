import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { systemClock } from '@keelson/base';
import { type Credential, createCA, issue } from '@keelson/pki';
import { ClusterRole, ClusterRoleBinding, Node, Pod, ServiceAccount } from '@keelson/types';
import { WebSocket } from 'ws';
import { createKubelets } from '../../auth/kubelets.ts';
import { type Fixture, podOf, startServer } from '../../testing/fixture.ts';
import { listen, type RunningServer } from '../listener/server.ts';

const ca = await createCA({ commonName: 'test', days: 1, clock: systemClock });
const certificate = (commonName: string, organizations: string[], usage: 'client' | 'server'): Promise<Credential> =>
  issue({ ca, commonName, organizations, ips: ['127.0.0.1'], usages: [usage], days: 1, clock: systemClock });
const serving = await certificate('server', [], 'server');
const reader = await certificate('reader', [], 'client');
const toKubelets = await certificate('kube-apiserver', [], 'client');

/** A kubelet that has two lines of log for whom it knows. */
const kubelet = createServer({ cert: serving.certPem, key: serving.keyPem }, (request, response) => {
  assert.equal(request.url, '/containerLogs/default/p/main?tailLines=2');
  response.write('container is alive\n');
  response.end('and well\n');
});

let server: Fixture;
let listener: RunningServer;
before(async () => {
  kubelet.listen(0, '127.0.0.1');
  await once(kubelet, 'listening');
  const { port } = kubelet.address() as AddressInfo;
  server = await startServer({
    kubelets: createKubelets({ client: () => ({ cert: toKubelets.certPem, key: toKubelets.keyPem }), caData: ca.certPem }),
  });
  const { handle, upgrade } = server.server;
  const { certPem: cert, keyPem: key } = serving;
  listener = await listen({ host: '127.0.0.1', port: 0, cert, key, clientCA: ca.certPem, handle, upgrade });
  const { api } = server;
  await api.create(ServiceAccount, { metadata: { name: 'default', namespace: 'default' } });
  await api.create(Node, {
    metadata: { name: 'n1' },
    spec: {},
    status: { addresses: [{ type: 'InternalIP', address: '127.0.0.1' }], daemonEndpoints: { kubeletEndpoint: { Port: port } } },
  });
  await api.create(Pod, podOf('p', { metadata: { namespace: 'default' }, spec: { nodeName: 'n1' } }) as Pod);
  await api.create(Pod, podOf('waiting', { metadata: { namespace: 'default' } }) as Pod);
  await api.create(ClusterRole, { metadata: { name: 'logs' }, rules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods/log'] }] });
  await api.create(ClusterRoleBinding, {
    metadata: { name: 'logs' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'logs' },
    subjects: [{ kind: 'User', name: 'reader' }],
  });
});
after(async () => {
  await server.close();
  await listener.close();
  kubelet.close();
});

interface Said {
  readonly protocol: string;
  readonly messages: readonly Buffer[];
  readonly isText: boolean;
}

/** What a reader of a log over a WebSocket receives. @throws when it is refused. */
async function received(path: string, protocols: string[]): Promise<Said> {
  const url = `wss://127.0.0.1:${listener.port}/api/v1/namespaces/default/pods/${path}`;
  const socket = new WebSocket(url, protocols, { ca: ca.certPem, cert: reader.certPem, key: reader.keyPem });
  const messages: Buffer[] = [];
  let isText = false;
  socket.on('message', (data, isBinary) => {
    messages.push(data as Buffer);
    isText ||= !isBinary;
  });
  const [code] = await once(socket, 'close');
  assert.equal(code, 1000);
  return { protocol: socket.protocol, messages, isText };
}

test('a log is read over a WebSocket, after an empty message', async () => {
  const { protocol, messages, isText } = await received('p/log?container=main&tailLines=2', ['binary.k8s.io']);
  assert.deepEqual([protocol, isText, messages[0]?.length], ['binary.k8s.io', false, 0]);
  assert.equal(Buffer.concat(messages).toString(), 'container is alive\nand well\n');
});

test('in base64 its messages are text; with no protocol they are bytes', async () => {
  const { messages, isText } = await received('p/log?tailLines=2', ['base64.binary.k8s.io']);
  assert.equal(isText, true);
  assert.equal(messages.map((message) => Buffer.from(message.toString(), 'base64')).join(''), 'container is alive\nand well\n');
  const plain = await received('p/log?tailLines=2', []);
  assert.deepEqual([plain.protocol, plain.isText], ['', false]);
});

test('a pod that has no node has an empty log; what cannot be is told over HTTP', async () => {
  assert.deepEqual((await received('waiting/log', ['binary.k8s.io'])).messages.map(String), ['']);
  await assert.rejects(received('absent/log', ['binary.k8s.io']), /Unexpected server response: 404/);
  await assert.rejects(received('p/log?container=nope', ['binary.k8s.io']), /Unexpected server response: 400/);
  await assert.rejects(received('p/log?tailLines=2', ['channel.k8s.io']), /Unexpected server response: 403/);
});
