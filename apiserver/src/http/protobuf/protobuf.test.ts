import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { loadSchemas } from '@keelson/types/schemas';
import { type Fixture, startServer } from '../../testing/fixture.ts';
import { decodeProtobuf } from './protobuf.ts';

/** What upstream's kubectl 1.33 sends for `create configmap`, `auth can-i`, …: the path and the body in base64. */
const captured = JSON.parse(readFileSync(new URL('testdata/kubectl-1.33-protobuf.json', import.meta.url), 'utf8')) as Record<
  string,
  { path: string; body: string }
>;

let server: Fixture;
before(async () => {
  server = await startServer();
  await server.send('POST', '/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } });
});
after(() => server.close());

type Decoded = Record<string, unknown> & { spec: Record<string, unknown> };

async function decode(name: string): Promise<Decoded> {
  const { body } = captured[name] as { body: string };
  return (await decodeProtobuf(Buffer.from(body, 'base64'), await loadSchemas())) as Decoded;
}

/** Without what is empty: kubectl writes zero values that say nothing. */
function meaning(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(meaning);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).flatMap(([key, inner]) => {
    const plain = meaning(inner);
    const empty = plain === '' || plain === null || (typeof plain === 'object' && plain !== null && Object.keys(plain).length === 0);
    return empty && key !== 'b' ? [] : [[key, plain] as const];
  });
  return Object.fromEntries(kept);
}

test('bodies of upstream’s kubectl mean what was typed', async () => {
  const expected: Record<string, unknown> = {
    configmap: { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'cm' }, data: { a: '1', b: '' } },
    secret: { kind: 'Secret', apiVersion: 'v1', metadata: { name: 'sec' }, data: { user: Buffer.from('me').toString('base64') } },
    namespace: { kind: 'Namespace', apiVersion: 'v1', metadata: { name: 'ns1' } },
    serviceaccount: { kind: 'ServiceAccount', apiVersion: 'v1', metadata: { name: 'robot' } },
    externalname: {
      kind: 'Service',
      apiVersion: 'v1',
      metadata: { name: 'en', labels: { app: 'en' } },
      spec: { selector: { app: 'en' }, type: 'ExternalName', externalName: 'example.com' },
    },
    nonresource: {
      kind: 'ClusterRole',
      apiVersion: 'rbac.authorization.k8s.io/v1',
      metadata: { name: 'nr' },
      rules: [{ verbs: ['get'], nonResourceURLs: ['/metrics'] }],
    },
    rolebinding: {
      kind: 'RoleBinding',
      apiVersion: 'rbac.authorization.k8s.io/v1',
      metadata: { name: 'rb' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
      subjects: [
        { kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'u' },
        { kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: 'g' },
        { kind: 'ServiceAccount', namespace: 'a', name: 'b' },
      ],
    },
    token: { kind: 'TokenRequest', apiVersion: 'authentication.k8s.io/v1', spec: { audiences: ['x'], expirationSeconds: 1200 } },
    cani: {
      kind: 'SelfSubjectAccessReview',
      apiVersion: 'authorization.k8s.io/v1',
      spec: { resourceAttributes: { namespace: 'default', verb: 'list', resource: 'pods' } },
    },
    canipath: {
      kind: 'SelfSubjectAccessReview',
      apiVersion: 'authorization.k8s.io/v1',
      spec: { nonResourceAttributes: { path: '/metrics', verb: 'get' } },
    },
  };
  for (const [name, object] of Object.entries(expected)) assert.deepEqual(stripFalse(meaning(await decode(name))), object, name);
});

/** `allowed: false` of an empty review status, which Go cannot leave out. */
function stripFalse(value: unknown): unknown {
  const { status: _status, ...rest } = value as { status?: unknown };
  return rest;
}

test('numbers, ports that may be names, quantities and nested lists', async () => {
  const deployment = meaning(await decode('deployment')) as Decoded;
  assert.equal(deployment.spec.replicas, 3);
  const template = deployment.spec.template as { spec: { containers: Array<{ ports: object[] }> } };
  assert.deepEqual(template.spec.containers[0]?.ports, [{ containerPort: 8080 }]);
  const service = meaning(await decode('service')) as Decoded;
  assert.deepEqual(service.spec.ports, [{ name: '80-8080', protocol: 'TCP', port: 80, targetPort: 8080, nodePort: 30_111 }]);
  assert.equal(((await decode('pdb')).spec as { minAvailable: string }).minAvailable, '50%');
  assert.deepEqual((await decode('quota')).spec.hard, { cpu: '1', pods: '2' });
  assert.equal((await decode('priority')).value, 1000);
  assert.match(JSON.stringify(await decode('cronjob')), /"schedule":"\* \* \* \* \*".*"command":\["date"/);
});

test('the server stores from protobuf what it stores from JSON', async () => {
  const headers = { 'content-type': 'application/vnd.kubernetes.protobuf', accept: 'application/vnd.kubernetes.protobuf, */*' };
  for (const name of [
    'configmap',
    'secret',
    'deployment',
    'service',
    'externalname',
    'namespace',
    'serviceaccount',
    'rolebinding',
    'nonresource',
  ]) {
    const { path, body } = captured[name] as { path: string; body: string };
    const fromProtobuf = await server.send('POST', `${path}?dryRun=All&fieldValidation=Strict`, Buffer.from(body, 'base64'), headers);
    assert.equal(fromProtobuf.status, 201, `${name} ${fromProtobuf.text}`);
    const fromJson = await server.send('POST', `${path}?dryRun=All`, meaning(await decode(name)));
    assert.equal(fromJson.status, 201, `${name} ${fromJson.text}`);
    const stable = (answer: unknown): unknown => {
      const object = answer as { metadata: { managedFields?: object[] }; spec?: { clusterIP?: string; clusterIPs?: string[] } };
      const managedFields = (object.metadata.managedFields ?? []).map((entry) => ({ ...entry, time: '' }));
      object.metadata = { ...object.metadata, managedFields, ...{ resourceVersion: '', uid: '', creationTimestamp: '' } };
      if (object.spec?.clusterIP) object.spec = { ...object.spec, clusterIP: '', clusterIPs: [] };
      return object;
    };
    assert.equal(fromProtobuf.headers['content-type'], headers.accept.split(',')[0]);
    const answered = await decodeProtobuf(fromProtobuf.bytes, await loadSchemas());
    assert.deepEqual(stable(answered), stable(fromJson.json()), name);
  }
  const review = captured.cani as { path: string; body: string };
  const answer = await server.send('POST', review.path, Buffer.from(review.body, 'base64'), headers);
  const { status } = (await decodeProtobuf(answer.bytes, await loadSchemas())) as { status: { allowed: boolean } };
  assert.deepEqual([answer.status, status.allowed], [201, true]);
});

test('a body cut anywhere is refused or read, and never breaks', async () => {
  for (const { path, body } of Object.values(captured)) {
    const whole = Buffer.from(body, 'base64');
    for (let length = 0; length < whole.length; length += 5) {
      const answer = await server.send('POST', `${path}?dryRun=All`, whole.subarray(0, length), {
        'content-type': 'application/vnd.kubernetes.protobuf',
      });
      assert.ok(answer.status < 500, `${path} cut at ${length}: ${answer.text}`);
    }
  }
});
