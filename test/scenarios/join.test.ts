import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { apiserver } from '@keelson/apiserver';
import { rfc3339, systemClock } from '@keelson/base';
import { type Api, createApi, httpTransport, type Kubeconfig, loadKubeconfig, transportFor, writeKubeconfig } from '@keelson/client';
import { runIn } from '@keelson/component';
import { component as controllerManager } from '@keelson/controller-manager';
import { component as kubelet } from '@keelson/kubelet';
import { type Credential, createCA, createCSR, createKeyPair, distrust, issue, signDetached, subjectOf } from '@keelson/pki';
import { eventually, freePorts } from '@keelson/testing';
import { CertificateSigningRequest, ClusterRoleBinding, ConfigMap, Node, Secret } from '@keelson/types';

/*
 * Over real TLS, in this process: an API server, the controllers, and kubelets that know nothing but a token.
 */

const directory = mkdtempSync(join(tmpdir(), 'keelson-join-'));
const file = (name: string): string => join(directory, name);
const clock = systemClock;
const stop = new AbortController();
const running: Promise<unknown>[] = [];
const token = { id: 'abcdef', secret: '0123456789abcdef' };
const joining = 'system:bootstrappers:kubeadm:default-node-token';
let ca: Credential;
let server: string;
let api: Api;

before(async () => {
  ca = await createCA({ commonName: 'kubernetes', days: 1, clock });
  const serving = await issue({ ca, commonName: 'kube-apiserver', ips: ['127.0.0.1'], usages: ['server'], days: 1, clock });
  const keys = await createKeyPair();
  const pem = {
    'ca.crt': ca.certPem,
    'ca.key': ca.keyPem,
    'api.crt': serving.certPem,
    'api.key': serving.keyPem,
    'sa.key': keys.privateKeyPem,
  };
  for (const [name, text] of Object.entries(pem)) writeFileSync(file(name), text, { mode: 0o600 });
  const [port = 0, managerPort = 0] = await freePorts(2);
  server = `https://127.0.0.1:${port}`;
  running.push(runIn(apiserver, { signal: stop.signal, options: apiserverOptions(port) }));
  const [admin, manager] = [await clientOf('admin', 'system:masters'), await clientOf('system:kube-controller-manager')];
  api = createApi(httpTransport({ server, caData: ca.certPem, ...admin }));
  await eventually(async () => (await api.list(Node, {}).catch(() => undefined)) !== undefined, { message: 'the API server answers' });
  writeKubeconfig(
    file('manager.kubeconfig'),
    kubeconfig({ 'client-certificate-data': base64(manager.certData), 'client-key-data': base64(manager.keyData) }),
  );
  running.push(runIn(controllerManager, { signal: stop.signal, options: managerOptions(managerPort) }));
  await makeObjects();
});

after(async () => {
  stop.abort(new Error('the test is over'));
  await Promise.allSettled(running);
  rmSync(directory, { recursive: true });
});

function apiserverOptions(port: number) {
  return {
    ...{ 'bind-address': '127.0.0.1', 'secure-port': port, 'storage-backend': 'memory', 'enable-bootstrap-token-auth': true },
    ...{ 'tls-cert-file': file('api.crt'), 'tls-private-key-file': file('api.key'), 'client-ca-file': file('ca.crt') },
    'service-account-signing-key-file': file('sa.key'),
  };
}

function managerOptions(port: number) {
  return {
    ...{ kubeconfig: file('manager.kubeconfig'), 'secure-port': port, 'bind-address': '127.0.0.1', 'leader-elect': false },
    ...{ 'cluster-signing-cert-file': file('ca.crt'), 'cluster-signing-key-file': file('ca.key'), 'cluster-signing-duration': 3_600_000 },
    controllers: ['*', 'bootstrapsigner', 'tokencleaner'],
  };
}

/** What kubeadm makes. */
async function makeObjects(): Promise<void> {
  const bind = (name: string, role: string, group: string): Promise<unknown> =>
    api.create(ClusterRoleBinding, {
      metadata: { name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: group }],
    });
  const approval = 'system:certificates.k8s.io:certificatesigningrequests';
  await bind('kubeadm:kubelet-bootstrap', 'system:node-bootstrapper', joining);
  await bind('kubeadm:node-autoapprove-bootstrap', `${approval}:nodeclient`, joining);
  await bind('kubeadm:node-autoapprove-certificate-rotation', `${approval}:selfnodeclient`, 'system:nodes');
  await makeToken(token.id, token.secret, 3_600_000);
  const data = { kubeconfig: 'the cluster' };
  await api.create(ConfigMap, { metadata: { name: 'cluster-info', namespace: 'kube-public' }, data });
}

function makeToken(id: string, secret: string, life: number): Promise<unknown> {
  const values = {
    ...{ 'token-id': id, 'token-secret': secret, expiration: rfc3339(clock.now() + life), 'auth-extra-groups': joining },
    ...{ 'usage-bootstrap-authentication': 'true', 'usage-bootstrap-signing': 'true' },
  };
  const data = Object.fromEntries(Object.entries(values).map(([key, value]) => [key, base64(value)]));
  const metadata = { name: `bootstrap-token-${id}`, namespace: 'kube-system' };
  return api.create(Secret, { metadata, type: 'bootstrap.kubernetes.io/token', data });
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

function kubeconfig(user: object): Kubeconfig {
  return {
    clusters: [{ name: 'c', cluster: { server, 'certificate-authority-data': base64(ca.certPem) } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    users: [{ name: 'u', user }],
    'current-context': 'x',
  };
}

async function clientOf(commonName: string, ...organizations: string[]): Promise<{ certData: string; keyData: string }> {
  const { certPem, keyPem } = await issue({ ca, commonName, organizations, usages: ['client'], days: 1, clock });
  return { certData: certPem, keyData: keyPem };
}

/** A kubelet that knows a token, or a kubeconfig that is there already. */
function startKubelet(name: string, bearer: string, more: object = {}): Promise<void> {
  writeKubeconfig(file(`${name}-bootstrap.kubeconfig`), kubeconfig({ token: bearer }));
  return runIn(kubelet, {
    signal: stop.signal,
    options: {
      ...{ 'bootstrap-kubeconfig': file(`${name}-bootstrap.kubeconfig`), kubeconfig: file(`${name}.kubeconfig`) },
      ...{ 'cert-dir': file(`${name}-pki`), 'rotate-certificates': true, 'hostname-override': name, 'node-ip': ['127.0.0.1'] },
      ...{ 'container-runtime-endpoint': 'model://', address: '127.0.0.1', port: 0, 'client-ca-file': file('ca.crt') },
      ...more,
    },
  });
}

const csrs = async (): Promise<CertificateSigningRequest[]> => (await api.list(CertificateSigningRequest, {})).items;
const as = (bearer: string): Api => createApi(httpTransport({ server, caData: ca.certPem, token: bearer }));
const bearer = `${token.id}.${token.secret}`;

/** Asks for a certificate with a token. */
async function ask(api: Api, subject: object, spec: object = {}): Promise<CertificateSigningRequest> {
  const { csrPem } = await createCSR({ commonName: 'system:node:x', organizations: ['system:nodes'], ...subject });
  const signerName = 'kubernetes.io/kube-apiserver-client-kubelet';
  const usages = ['digital signature', 'client auth'];
  const object = { metadata: { generateName: 'try-' }, spec: { request: base64(csrPem), signerName, usages, ...spec } };
  return api.create(CertificateSigningRequest, object as CertificateSigningRequest);
}

const read = async (name: string): Promise<CertificateSigningRequest> => api.get(CertificateSigningRequest, { name });
const issuedTo = (name: string): Promise<string> =>
  eventually(async () => (await read(name)).status?.certificate, { message: `${name} is answered` });

test('a token becomes a node: the request is approved, signed, kept, and used', async () => {
  running.push(startKubelet('joiner', bearer, { 'rotate-server-certificates': true }));
  await eventually(async () => (await api.get(Node, { name: 'joiner' }).catch(() => undefined)) !== undefined, {
    message: 'the node is there',
  });
  const pem = readFileSync(file('joiner-pki/kubelet-client-current.pem'), 'utf8');
  assert.match(realpathSync(file('joiner-pki/kubelet-client-current.pem')), /kubelet-client-\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d\.pem$/);
  assert.deepEqual(subjectOf(pem), { commonName: 'system:node:joiner', organizations: ['system:nodes'], uids: [] });
  assert.equal(distrust(pem, { caPem: ca.certPem, now: clock.now(), usage: 'client' }), undefined);
  const { users } = loadKubeconfig(file('joiner.kubeconfig'));
  const path = file('joiner-pki/kubelet-client-current.pem');
  assert.deepEqual(users?.[0]?.user, { 'client-certificate': path, 'client-key': path });
  const node = createApi(transportFor(loadKubeconfig(file('joiner.kubeconfig'))));
  assert.equal((await node.get(Node, { name: 'joiner' })).metadata.name, 'joiner', 'the kubeconfig works as it stands');
  const [first] = (await csrs()).filter(({ spec }) => spec.username === 'system:bootstrap:abcdef');
  assert.equal(first?.status?.conditions?.[0]?.message, 'Auto approving kubelet client certificate after SubjectAccessReview.');
});

test('a serving certificate waits for somebody to approve', async () => {
  const serving = await eventually(
    async () =>
      (await csrs()).find(({ spec }) => spec.signerName === 'kubernetes.io/kubelet-serving' && spec.username === 'system:node:joiner'),
    { message: 'the kubelet asks for a serving certificate' },
  );
  assert.equal(serving.status?.conditions, undefined);
  const conditions = [{ type: 'Approved', status: 'True', reason: 'Test', message: 'fine' }];
  await api.update(CertificateSigningRequest, { ...serving, status: { conditions } }, { subresource: 'approval' });
  const path = file('joiner-pki/kubelet-server-current.pem');
  await eventually(() => existsSync(path), { message: 'the serving certificate is kept' });
  assert.equal(distrust(readFileSync(path, 'utf8'), { caPem: ca.certPem, now: clock.now(), usage: 'server' }), undefined);
});

test('a node has its certificate renewed by itself, and nobody else’s', async () => {
  const node = createApi(transportFor(loadKubeconfig(file('joiner.kubeconfig'))));
  const own = await ask(node, { commonName: 'system:node:joiner' }, { expirationSeconds: 600 });
  const certificate = Buffer.from(await issuedTo(own.metadata.name ?? ''), 'base64').toString();
  assert.equal(distrust(certificate, { caPem: ca.certPem, now: clock.now() + 540_000 }), undefined);
  assert.match(distrust(certificate, { caPem: ca.certPem, now: clock.now() + 601_000 }) ?? '', /expired/);
  assert.match((await read(own.metadata.name ?? '')).status?.conditions?.[0]?.message ?? '', /approving self kubelet/);
  await assert.rejects(ask(node, { commonName: 'system:node:other' }), { code: 403 });
});

test('without a good token nothing is asked', async () => {
  await makeToken('brief0', token.secret, -1000);
  for (const bad of [`${token.id}.0123456789abcdee`, `brief0.${token.secret}`, `absent.${token.secret}`]) {
    await assert.rejects(startKubelet('stranger', bad), /cannot get a certificate with the bootstrap credentials: .*Unauthorized/i, bad);
    assert.equal(existsSync(file('stranger.kubeconfig')), false);
  }
  assert.equal(
    (await csrs()).some(({ spec }) => spec.username?.includes('brief0')),
    false,
  );
});

test('a token gets nothing but a node’s client certificate', async () => {
  const joiner = as(bearer);
  const client = 'kubernetes.io/kube-apiserver-client';
  await assert.rejects(ask(joiner, { commonName: 'root', organizations: ['system:masters'] }, { signerName: client }), { code: 403 });
  const left = [
    await ask(joiner, { organizations: ['system:masters'] }),
    await ask(joiner, { organizations: ['system:nodes', 'system:masters'] }),
    await ask(joiner, { commonName: 'kubernetes-admin' }),
    await ask(joiner, { dnsNames: ['kubernetes'] }),
    await ask(joiner, {}, { usages: ['digital signature', 'client auth', 'server auth'] }),
    await ask(
      joiner,
      { dnsNames: ['kubernetes'] },
      { signerName: 'kubernetes.io/kubelet-serving', usages: ['digital signature', 'server auth'] },
    ),
    await ask(joiner, { commonName: 'ann', organizations: [] }, { signerName: client }),
  ];
  // One that is approved, made after them: by then they were looked at.
  await issuedTo((await ask(joiner, { commonName: 'system:node:last' })).metadata.name ?? '');
  for (const { metadata } of left) assert.deepEqual((await read(metadata.name ?? '')).status ?? {}, {}, metadata.name);
  const approve = { ...left[0], status: { conditions: [{ type: 'Approved', status: 'True' }] } } as CertificateSigningRequest;
  await assert.rejects(joiner.update(CertificateSigningRequest, approve, { subresource: 'approval' }), { code: 403 });
});

test('an approved request that its signer does not sign fails, with the reason', async () => {
  const made = await ask(as(bearer), { organizations: ['system:masters'] });
  const conditions = [{ type: 'Approved', status: 'True', reason: 'Careless', message: '' }];
  await api.update(CertificateSigningRequest, { ...made, status: { conditions } }, { subresource: 'approval' });
  const failed = await eventually(
    async () => (await read(made.metadata.name ?? '')).status?.conditions?.find(({ type }) => type === 'Failed'),
    { message: 'the request fails' },
  );
  assert.deepEqual([failed.reason, failed.message], ['SignerValidationFailure', 'subject organization is not system:nodes']);
  assert.equal((await read(made.metadata.name ?? '')).status?.certificate, undefined);
});

test('cluster-info is signed with the tokens there are, and expired tokens go', async () => {
  const key = `jws-kubeconfig-${token.id}`;
  const info = async () => (await api.get(ConfigMap, { name: 'cluster-info', namespace: 'kube-public' })).data ?? {};
  assert.equal(await eventually(async () => (await info())[key], { message: 'it is signed' }), signDetached('the cluster', token));
  await makeToken('short0', 'fedcba9876543210', 2500);
  await eventually(async () => (await info())['jws-kubeconfig-short0'], { message: 'it is signed with the new one, too' });
  await eventually(async () => (await info())['jws-kubeconfig-short0'] === undefined, { message: 'until that expires' });
  const name = 'bootstrap-token-short0';
  const gone = async () =>
    api.get(Secret, { name, namespace: 'kube-system' }).then(
      () => false,
      () => true,
    );
  await eventually(gone, { message: 'and is removed' });
});
