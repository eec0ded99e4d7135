import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually } from '@keelson/testing';
import { ServiceAccount } from '@keelson/types';
import { type AuditedServer, startAudited } from './audited-server.ts';

/** What must not be found in the log, as it is and as Secrets hold it. */
const marker = 'hunter2-correct-horse';
const encoded = Buffer.from(marker).toString('base64');
const secrets = '/api/v1/namespaces/default/secrets';
const merge = { 'content-type': 'application/merge-patch+json' };

let server: AuditedServer;
before(async () => {
  server = await startAudited({ rules: [{ level: 'RequestResponse' }] });
  await server.api.create(ServiceAccount, { metadata: { name: 'robot', namespace: 'default' } });
});
after(() => server.close());

const whole = (name: string): object => ({
  ...{ apiVersion: 'v1', kind: 'Secret', type: 'Opaque' },
  metadata: {
    name,
    labels: { app: 'x' },
    annotations: { 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify({ data: { password: encoded } }), note: 'kept' },
  },
  data: { password: encoded },
  stringData: { other: marker },
});

type Sent = readonly [
  what: string,
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
];
const sent: readonly Sent[] = [
  ['create', 'POST', secrets, whole('a')],
  [
    'create as YAML',
    'POST',
    secrets,
    `kind: Secret\napiVersion: v1\nmetadata: {name: b}\nstringData: {x: ${marker}}\n`,
    { 'content-type': 'application/yaml' },
  ],
  ['update', 'PUT', `${secrets}/a`, whole('a')],
  ['merge patch', 'PATCH', `${secrets}/a`, { stringData: { more: marker } }, merge],
  ['a patch that calls itself otherwise', 'PATCH', `${secrets}/a`, { kind: 'DeleteOptions', stringData: { more: marker } }, merge],
  [
    'JSON patch',
    'PATCH',
    `${secrets}/a`,
    [{ op: 'add', path: '/data/z', value: encoded }],
    { 'content-type': 'application/json-patch+json' },
  ],
  ['apply', 'PATCH', `${secrets}/c?fieldManager=m`, whole('c'), { 'content-type': 'application/apply-patch+yaml' }],
  ['get', 'GET', `${secrets}/a`],
  ['list', 'GET', secrets],
  ['list everywhere', 'GET', '/api/v1/secrets'],
  ['table', 'GET', `${secrets}?includeObject=Object`, undefined, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' }],
  ['broken JSON', 'POST', secrets, `${marker} {"data":`],
  ['wrong types', 'POST', secrets, { ...whole('d'), data: [marker] }],
  ['invalid', 'POST', secrets, { ...whole('e'), data: { [`${marker}!!!`]: encoded } }],
  ['unknown fields', 'POST', `${secrets}?fieldValidation=Strict`, { ...whole('f'), [marker]: marker }],
  ['broken patch', 'PATCH', `${secrets}/a`, `{"data": "${marker}"`, merge],
  [
    'token review',
    'POST',
    '/apis/authentication.k8s.io/v1/tokenreviews',
    { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token: marker } },
  ],
  ['delete', 'DELETE', `${secrets}/a`],
  ['delete all', 'DELETE', secrets],
];

test('no secret is in the log, at the highest level, however it is sent', async () => {
  for (const [what, method, path, body, headers] of sent) {
    const id = what.replaceAll(' ', '-');
    await server.send(method, path, body, { 'audit-id': id, ...headers });
    await eventually(() => server.of(id).length === 2);
    const text = JSON.stringify(server.of(id));
    for (const secret of [marker, encoded, Buffer.from(marker).toString('hex')]) assert.ok(!text.includes(secret), `${what}: ${text}`);
  }
});

test('tokens that are made are not in the log, when they expire is', async () => {
  const path = '/api/v1/namespaces/default/serviceaccounts/robot/token';
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { audiences: ['x'], expirationSeconds: 3600 } };
  const answer = await server.send('POST', path, body, { 'audit-id': 'token' });
  const { token } = answer.json<{ status: { token: string } }>().status;
  await eventually(() => server.of('token').length === 2);
  const [, complete] = server.of('token');
  assert.ok(!JSON.stringify(complete).includes(token.slice(0, 40)));
  const { status = {}, spec } = (complete?.responseObject ?? {}) as { status?: object; spec?: object };
  assert.deepEqual(Object.keys(status), ['expirationTimestamp']);
  assert.deepEqual(spec, { audiences: ['x'], expirationSeconds: 3600 });
});

test('what is harmless of a Secret is told', async () => {
  await server.send('POST', secrets, whole('told'), { 'audit-id': 'told' });
  await eventually(() => server.of('told').length === 2);
  const [, complete] = server.of('told');
  const metadata = { name: 'told', labels: { app: 'x' }, annotations: { note: 'kept' } };
  assert.deepEqual(complete?.requestObject, { kind: 'Secret', apiVersion: 'v1', metadata, type: 'Opaque' });
  assert.equal((complete?.responseObject as { type?: string } | undefined)?.type, 'Opaque');
});
