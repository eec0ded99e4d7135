import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { ClientRequest } from '@keelson/client';
import type { Status } from '@keelson/types';
import { type Answer, deploymentOf, type Fixture, startServer } from '../../testing/fixture.ts';

let server: Fixture;
before(async () => {
  server = await startServer();
});
after(() => server.close());

const configMaps = '/api/v1/namespaces/default/configmaps';
const deployments = '/apis/apps/v1/namespaces/default/deployments';

async function refused(answer: Promise<Answer>, code: number, reason: string | undefined, message: string | RegExp): Promise<void> {
  const { status, json } = await answer;
  const body = json<Status>();
  assert.deepEqual([status, body.code, body.status, body.kind, body.reason], [code, code, 'Failure', 'Status', reason], body.message);
  if (typeof message === 'string') assert.equal(body.message, message);
  else assert.match(body.message ?? '', message);
}

const post = (path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
  server.send('POST', path, body, headers);

test('unknown and duplicate fields: refused, warned of, or ignored, as asked', async () => {
  const body =
    '{"metadata":{"name":"fields","labels":{"a":"1","a":"2"}},"data":{"k":"v"},"nope":1,"metadata":{"name":"fields","zip":true}}';
  const prefix = 'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: ';
  const found = [
    'duplicate field "metadata.labels.a"',
    'unknown field "nope"',
    'duplicate field "metadata"',
    'unknown field "metadata.zip"',
  ];
  await refused(post(`${configMaps}?fieldValidation=Strict`, body), 400, 'BadRequest', prefix + found.join(', '));
  const warned = await post(configMaps, body);
  assert.equal(warned.status, 201);
  assert.deepEqual(
    warned.headers.warning,
    found.map((text) => `299 - "${text.replaceAll('"', '\\"')}"`),
  );
  assert.equal('nope' in warned.json(), false);
  const ignored = await post(`${configMaps}?fieldValidation=Ignore`, body.replaceAll('"fields"', '"ignored"'));
  assert.deepEqual([ignored.status, ignored.headers.warning], [201, undefined]);
});

test('fields in lists, in maps and below unknown ones', async () => {
  const spec = deploymentOf('nested') as { spec: { template: { spec: { containers: object[] } } } };
  spec.spec.template.spec.containers = [{ name: 'a', image: 'b', imag: 'c', env: [{ name: 'x', valeu: 'y' }] }];
  await refused(
    post(`${deployments}?fieldValidation=Strict`, spec),
    400,
    'BadRequest',
    'Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: unknown field "spec.template.spec.containers[0].imag", unknown field "spec.template.spec.containers[0].env[0].valeu"',
  );
});

test('a value of the wrong JSON type is refused in the words of Go', async () => {
  const wrong = (spec: object): Promise<Answer> => post(deployments, deploymentOf('wrong', spec));
  const prefix = 'Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal ';
  await refused(
    wrong({ replicas: 'two' }),
    400,
    'BadRequest',
    `${prefix}string into Go struct field DeploymentSpec.spec.replicas of type int32`,
  );
  await refused(
    wrong({ replicas: 1.5 }),
    400,
    'BadRequest',
    `${prefix}number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32`,
  );
  await refused(
    wrong({ replicas: 2 ** 31 }),
    400,
    'BadRequest',
    `${prefix}number 2147483648 into Go struct field DeploymentSpec.spec.replicas of type int32`,
  );
  await refused(
    wrong({ paused: 'yes' }),
    400,
    'BadRequest',
    `${prefix}string into Go struct field DeploymentSpec.spec.paused of type bool`,
  );
  await refused(wrong({ selector: [] }), 400, 'BadRequest', /cannot unmarshal array into Go struct field DeploymentSpec\.spec\.selector/);
  await refused(
    post(configMaps, { metadata: { name: 'a' }, data: { k: 1 } }),
    400,
    'BadRequest',
    /cannot unmarshal number into Go struct field ConfigMap\.data\.?k? ?of type string/,
  );
  await refused(
    post(configMaps, { metadata: { name: 'a', labels: 'x' } }),
    400,
    'BadRequest',
    /ObjectMeta\.metadata\.labels of type map\[string\]string/,
  );
});

test('bytes, times and quantities must be such', async () => {
  const secrets = '/api/v1/namespaces/default/secrets';
  await refused(
    post(secrets, { metadata: { name: 's' }, data: { k: '****' } }),
    400,
    'BadRequest',
    'Secret in version "v1" cannot be handled as a Secret: illegal base64 data at input byte 0',
  );
  await refused(
    post(configMaps, { metadata: { name: 'a', creationTimestamp: 'noon' } }),
    400,
    'BadRequest',
    /parsing time "noon" as "2006-01-02T15:04:05Z07:00"/,
  );
  const limits = { limits: { cpu: 'much' } };
  await refused(
    post('/api/v1/namespaces/default/pods', {
      metadata: { name: 'p' },
      spec: { containers: [{ name: 'a', image: 'b', resources: limits }] },
    }),
    400,
    'BadRequest',
    /quantities must match the regular expression/,
  );
});

test('a null among quantities is none of it, and among texts the empty one', async () => {
  const quota = { metadata: { name: 'nulls' }, spec: { hard: { pods: null, 'limits.cpu': '1' } } };
  const { text, status } = await server.send('POST', '/api/v1/namespaces/default/resourcequotas', quota);
  assert.equal(status, 201, text);
  assert.deepEqual((JSON.parse(text) as { spec: object }).spec, { hard: { pods: '0', 'limits.cpu': '1' } });
});

test('what has a form of its own is kept in it', async () => {
  const container = { name: 'a', image: 'b', resources: { limits: { cpu: ' 1.500 ', memory: '1024Mi' } } };
  const pod = { metadata: { name: 'forms' }, template: { spec: { containers: [container] } } };
  const made = await post('/api/v1/namespaces/default/podtemplates', pod);
  const { template } = made.json<{ template: { metadata: object; spec: { containers: { resources: { limits: object } }[] } } }>();
  assert.deepEqual(template.metadata, {});
  assert.deepEqual(template.spec.containers[0]?.resources.limits, { cpu: '1.500', memory: '1Gi' });
  const lease = { metadata: { name: 'forms' }, spec: { renewTime: '2020-01-01T00:30:00.000001+01:00' } };
  const leases = '/apis/coordination.k8s.io/v1/namespaces/default/leases';
  const { spec } = (await post(leases, lease)).json<{ spec: object }>();
  assert.deepEqual(spec, { renewTime: '2019-12-31T23:30:00.000001Z' });
  await refused(
    post(leases, { ...lease, spec: { renewTime: '2020-01-01T00:30:00Z' } }),
    400,
    'BadRequest',
    /cannot parse "Z" as "\.000000"$/,
  );
  const secret = '{"metadata":{"name":"forms","labels":{}},"data":{"k":"YW\\nJj"},"type":"a\\ud800b"}';
  const kept = (await post('/api/v1/namespaces/default/secrets', secret)).json<{ data: object; type: string }>();
  assert.deepEqual([kept.data, kept.type], [{ k: 'YWJj' }, 'a\ufffdb']);
});

test('nulls count as absent', async () => {
  const answer = await post(configMaps, {
    metadata: { name: 'nulls', labels: null, creationTimestamp: null },
    data: null,
    binaryData: null,
  });
  assert.equal(answer.status, 201);
  assert.equal('data' in answer.json(), false);
});

test('bodies that do not parse', async () => {
  const unrecognized = /^the object provided is unrecognized \(must be of type ConfigMap\): couldn't get version\/kind; json parse error: /;
  await refused(post(configMaps, '{"metadata":'), 400, 'BadRequest', unrecognized);
  await refused(post(configMaps, 'nonsense'), 400, 'BadRequest', /invalid character 'o'|invalid character 'n'/);
  await refused(
    post(configMaps, '{"metadata":{"name" "x"}}'),
    400,
    'BadRequest',
    /json parse error: invalid character '"' after object key \(/,
  );
  for (const body of ['[]', '"x"', '1', 'true', '{"kind":5}', '{"apiVersion":{}}'])
    await refused(post(configMaps, body), 400, 'BadRequest', unrecognized);
  await refused(post(configMaps, ''), 400, 'BadRequest', /unexpected end of JSON input \(<empty>\)$/);
  await refused(post(configMaps, '[5]'), 400, 'BadRequest', /Kind string "json:\\"kind,omitempty\\"" } \(5b355d\)$/);
  const long = `{"metadata":${'['.repeat(50)}`;
  await refused(
    post(configMaps, long),
    400,
    'BadRequest',
    `${String(unrecognized.source).slice(1).replaceAll('\\', '')}unexpected end of JSON input (${long.slice(0, 30)} ...)`,
  );
  await refused(
    post(configMaps, 'null'),
    422,
    'Invalid',
    'ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required',
  );
  await refused(
    post(configMaps, 'a: [', { 'content-type': 'application/yaml' }),
    400,
    'BadRequest',
    /: yaml: did not find expected node content \(/,
  );
  await refused(
    post(configMaps, 'x', { 'content-type': 'text/plain' }),
    415,
    'UnsupportedMediaType',
    /^the body of the request was in an unknown format - accepted media types include: application\/json, application\/yaml, application\/vnd\.kubernetes\.protobuf$/,
  );
  await refused(
    post(configMaps, 'k8s', { 'content-type': 'application/vnd.kubernetes.protobuf' }),
    400,
    'BadRequest',
    'provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]',
  );
});

test('YAML is read as JSON is, duplicates included', async () => {
  const yaml = { 'content-type': 'application/yaml' };
  const text = 'metadata:\n  name: yaml\ndata:\n  on: "yes"\n  key: "1"\n  key: "2"\n';
  await refused(
    post(`${configMaps}?fieldValidation=Strict`, text, yaml),
    400,
    'BadRequest',
    /strict decoding error: yaml: unmarshal errors:\n {2}line 6: key "key" already set in map$/,
  );
  const answer = await post(configMaps, text, yaml);
  assert.equal(answer.status, 201);
  const back = await server.send('GET', `${configMaps}/yaml`, undefined, { accept: 'application/yaml' });
  assert.equal(back.headers['content-type'], 'application/yaml');
  assert.match(back.text, /^apiVersion: v1\ndata:\n/);
});

test('another kind or version than the path says', async () => {
  await refused(
    post(configMaps, { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' } }),
    400,
    'BadRequest',
    'Pod in version "v1" cannot be handled as a ConfigMap: converting (v1.Pod) to (core.ConfigMap): unknown conversion',
  );
  await refused(
    post(deployments, { ...deploymentOf('a'), apiVersion: 'apps/v1beta1' }),
    400,
    'BadRequest',
    'the API version in the data (apps/v1beta1) does not match the expected API version (apps/v1)',
  );
  const registered = (kind: string, apiVersion: string): string =>
    `no kind "${kind}" is registered for version "${apiVersion}" in scheme "k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30"`;
  for (const [kind, apiVersion, version] of [
    ['Pott', 'v1', 'v1'],
    ['ConfigMap', 'v9x', 'v9x'],
    ['ConfigMap', 'apps/v1', 'v1'],
  ] as const)
    await refused(
      post(configMaps, { apiVersion, kind, metadata: { name: 'a' } }),
      400,
      'BadRequest',
      `${kind} in version "${version}" cannot be handled as a ConfigMap: ${registered(kind, apiVersion)}`,
    );
});

test('bodies past 3 MiB are refused, told or measured', async () => {
  const large = JSON.stringify({ metadata: { name: 'large' }, data: { k: 'x'.repeat(3 * 1024 * 1024) } });
  const message = 'Request entity too large: limit is 3145728';
  await refused(post(configMaps, large), 413, 'RequestEntityTooLarge', message);
  await refused(post(configMaps, large, { 'content-length': '' }), 413, 'RequestEntityTooLarge', message);
  await refused(post(configMaps, gzipSync(large), { 'content-encoding': 'gzip' }), 413, 'RequestEntityTooLarge', message);
  const limit = { metadata: { name: 'limit' }, data: { k: 'x'.repeat(1024 * 1024 + 1) } };
  await refused(post(configMaps, limit), 422, 'Invalid', /Too long: may not be more than 1048576 bytes/);
});

test('gzipped bodies are read, broken ones are the client’s fault', async () => {
  const body = gzipSync(JSON.stringify({ metadata: { name: 'zipped' } }));
  assert.equal((await post(configMaps, body, { 'content-encoding': 'gzip' })).status, 201);
  await refused(post(configMaps, body.subarray(0, 20), { 'content-encoding': 'gzip' }), 400, 'BadRequest', /^gzip: /);
  await refused(post(configMaps, '{}', { 'content-encoding': 'gzip' }), 400, 'BadRequest', /^gzip: /);
});

test('names, namespaces and options', async () => {
  const subdomain =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
  await refused(
    post(configMaps, { metadata: { name: 'Bad_Name' } }),
    422,
    'Invalid',
    `ConfigMap "Bad_Name" is invalid: metadata.name: Invalid value: "Bad_Name": ${subdomain}`,
  );
  await refused(
    post(configMaps, { metadata: {} }),
    422,
    'Invalid',
    'ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required',
  );
  await refused(
    post(configMaps, { metadata: { name: 'a', namespace: 'other' } }),
    400,
    'BadRequest',
    'the namespace of the provided object does not match the namespace sent on the request',
  );
  await refused(
    post(configMaps, { metadata: { name: 'a', resourceVersion: '1' } }),
    500,
    undefined,
    'resourceVersion should not be set on objects to be created',
  );
  const dry = 'CreateOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["Some"]: supported values: "All"';
  await refused(post(`${configMaps}?dryRun=Some`, { metadata: { name: 'a' } }), 422, 'Invalid', dry);
  const validation =
    'CreateOptions.meta.k8s.io "" is invalid: fieldValidation: Unsupported value: "Loose": supported values: "", "Ignore", "Strict", "Warn"';
  await refused(post(`${configMaps}?fieldValidation=Loose`, { metadata: { name: 'a' } }), 422, 'Invalid', validation);
  await refused(
    post(`${configMaps}?fieldManager=${'x'.repeat(129)}`, { metadata: { name: 'a' } }),
    422,
    'Invalid',
    /fieldManager: Too long: may not be more than 128 bytes/,
  );
});

test('paths and methods that do not exist', async () => {
  const ask = (method: ClientRequest['method'], path: string): Promise<Answer> => server.send(method, path);
  const missing = 'the server could not find the requested resource';
  for (const path of [
    '/api/v1/foos',
    '/api/v2/pods',
    '/apis/apps/v9/deployments',
    '/api/v1/namespaces/default/pods/x/foo',
    '/apis/apps/v1/nodes',
  ])
    await refused(ask('GET', path), 404, 'NotFound', missing);
  for (const path of ['/foo', '/apis/nobody.example.com/v1/things', '/healthzz', '/openapi/v4'])
    assert.deepEqual([(await ask('GET', path)).status, (await ask('GET', path)).text], [404, '404 page not found\n'], path);
  const method = 'the server does not allow this method on the requested resource';
  for (const [verb, path] of [
    ['PUT', configMaps],
    ['POST', `${configMaps}/a`],
    ['PATCH', configMaps],
    ['POST', '/api/v1/configmaps'],
    ['DELETE', '/api/v1/configmaps'],
    ['DELETE', '/api/v1/namespaces'],
    ['GET', '/apis/authorization.k8s.io/v1/subjectaccessreviews'],
    ['OPTIONS', configMaps],
    ['DELETE', `${deployments}/a/status`],
    ['POST', `${deployments}/a/scale`],
    ['POST', '/version'],
    ['POST', '/apis/apps/v1'],
  ] as const)
    await refused(ask(verb, path), 405, 'MethodNotAllowed', method);
  assert.equal((await ask('HEAD', configMaps)).status, 405);
  assert.equal((await ask('HEAD', '/healthz')).status, 200);
});
