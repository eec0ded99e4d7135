import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { systemClock } from '@keelson/base';
import type { Kubeconfig } from '@keelson/client';
import { createCA, issue } from '@keelson/pki';
import { WebhookCaller } from './caller.ts';
import { credentialsIn, parseWebhookAdmission } from './credentials.ts';

const noRegistry = () => assert.fail('no service is asked for');

test('the user that fits a webhook best is whom it is told of', () => {
  const user = (name: string) => ({ name, user: { token: name } });
  const names = ['hook.a.svc:8443', 'hook.a.svc', '*.a.svc', '*.svc:9000', 'usual'];
  const config: Kubeconfig = {
    users: names.map(user),
    contexts: [{ name: 'here', context: { cluster: '', user: 'usual' } }],
    'current-context': 'here',
  };
  const shown = (config: Kubeconfig, target: string) => credentialsIn(config)(target)?.headers.authorization;
  for (const [target, expected] of [
    ['hook.a.svc:8443', 'hook.a.svc:8443'],
    ['hook.a.svc:443', 'hook.a.svc'],
    ['other.a.svc:443', '*.a.svc'],
    ['other.b.svc:9000', '*.svc:9000'],
    ['example.com:443', 'usual'],
    ['other.a.svc:8443', 'usual'],
  ] as const)
    assert.equal(shown(config, target), `Bearer ${expected}`, target);
  assert.equal(shown({ ...config, users: [...(config.users ?? []), user('*')] }, 'example.com:443'), 'Bearer *');
  assert.equal(credentialsIn({ users: [user('a')] })('b:443'), undefined);
  const basic = credentialsIn({ users: [{ name: '*', user: { username: 'a', password: 'b' } }] })('c:443');
  assert.deepEqual(basic, { headers: { authorization: `Basic ${Buffer.from('a:b').toString('base64')}` } });
});

test('a webhook sees the certificate and the token that are meant for it', async (t) => {
  const [clock, directory] = [systemClock, await mkdtemp(join(tmpdir(), 'keelson-hook-'))];
  const ca = await createCA({ commonName: 'ca', days: 1, clock });
  const serving = await issue({ ca, commonName: 'hook', ips: ['127.0.0.1'], usages: ['server'], days: 1, clock });
  const client = await issue({ ca, commonName: 'kube-apiserver', usages: ['client'], days: 1, clock });
  const seen: string[] = [];
  const tls = { cert: serving.certPem, key: serving.keyPem };
  const server = createServer({ ...tls, ca: ca.certPem, requestCert: true, rejectUnauthorized: false }, (request, response) => {
    const { subject } = (request.socket as TLSSocket).getPeerCertificate();
    seen.push(`${subject?.CN ?? 'nobody'} ${request.headers.authorization ?? ''}`);
    response.end('{}');
  }).listen(0, '127.0.0.1');
  t.after(async () => {
    server.close();
    server.closeAllConnections();
    await rm(directory, { recursive: true });
  });
  await once(server, 'listening');
  const target = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const data = (pem: string): string => Buffer.from(pem).toString('base64');
  const user = { 'client-certificate-data': data(client.certPem), 'client-key-data': data(client.keyPem), token: 'secret' };
  const path = join(directory, 'hooks.kubeconfig');
  await writeFile(path, JSON.stringify({ kind: 'Config', apiVersion: 'v1', users: [{ name: target, user }] }));
  const configuration = { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'WebhookAdmissionConfiguration' };
  const find = parseWebhookAdmission({ ...configuration, kubeConfigFile: path });
  const caller = new WebhookCaller(noRegistry, clock);
  const hook = { url: `https://${target}/`, caBundle: data(ca.certPem) };
  await caller.post(hook, {}, 5_000, find);
  await caller.post(hook, {}, 5_000);
  assert.deepEqual(seen, ['kube-apiserver Bearer secret', 'nobody ']);
  assert.equal(parseWebhookAdmission(configuration), undefined);
  assert.throws(() => parseWebhookAdmission({ ...configuration, kubeConfigFile: 'x' }), /must be an absolute file path/);
  assert.throws(() => parseWebhookAdmission({ kind: 'X' }), /expected a WebhookAdmissionConfiguration/);
});
