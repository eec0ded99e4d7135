import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Answer, type Fixture, startServer } from '../../testing/fixture.ts';

/* Unknown and doubled fields, in the order and the words of upstream, by the way the object came. */

const deployments = '/apis/apps/v1/namespaces/default/deployments';
const modes = ['Strict', 'Warn', 'Ignore', ''] as const;

let server: Fixture;
before(async () => {
  server = await startServer();
});
after(() => server.close());

interface Sent {
  readonly method: 'PATCH' | 'POST' | 'PUT';
  readonly path: string;
  readonly type?: string;
  readonly body: string;
}

const send = ({ method, path, type = 'application/json', body }: Sent, mode: string): Promise<Answer> =>
  server.send(method, `${path}${path.includes('?') ? '&' : '?'}${mode ? `fieldValidation=${mode}` : ''}`, body, { 'content-type': type });

const quoted = (text: string): string => `299 - "${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;

/** Refused when strict, warned of when asked to or not asked, and passed over in silence. `make` is given a name of its own per mode. */
async function tells(
  make: (name: string) => Sent | Promise<Sent>,
  warnings: readonly string[],
  refusal = warnings.join(', '),
): Promise<void> {
  for (const mode of modes) {
    const answer = await send(await make(`told-${mode.toLowerCase() || 'none'}-${count++}`), mode);
    if (mode === 'Strict') {
      assert.ok(answer.status >= 400, answer.text);
      const { message } = answer.json<{ message: string }>();
      assert.ok(message.endsWith(refusal), message);
    } else {
      assert.ok(answer.status < 300, answer.text);
      const told = [answer.headers.warning ?? []].flat();
      assert.deepEqual(told, mode === 'Ignore' ? [] : warnings.map(quoted), `mode ${mode}`);
    }
  }
}
let count = 0;

const container = '"containers":[{"name":"nginx","image":"nginx","strangeNested":1,"imagePullPolicy":"Always","imagePullPolicy":"Never"}]';
const template = `"template":{"metadata":{"labels":{"app":"web"}},"spec":{${container}}}`;
const spec = `"spec":{"strange1":"x","strangeTwice":"y","strangeTwice":"z","paused":true,"paused":false,"selector":{"matchLabels":{"app":"web"}},${template}}`;
const invalidJson = (name: string): string =>
  `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"first","name":"${name}","strangeMeta":1,"labels":{"app":"web"}},${spec}}`;
const validJson = (name: string): string =>
  JSON.stringify({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'nginx', image: 'nginx' }] } },
    },
  });

async function present(name: string): Promise<string> {
  assert.equal((await send({ method: 'POST', path: deployments, body: validJson(name) }, '')).status, 201);
  return `${deployments}/${name}`;
}

const typed = [
  'duplicate field "metadata.name"',
  'unknown field "metadata.strangeMeta"',
  'unknown field "spec.strange1"',
  'unknown field "spec.strangeTwice"',
  'duplicate field "spec.paused"',
  'unknown field "spec.template.spec.containers[0].strangeNested"',
  'duplicate field "spec.template.spec.containers[0].imagePullPolicy"',
];

test('JSON of a built-in kind: as they stand, and of an unknown field only that it is unknown', async () => {
  await tells((name) => ({ method: 'POST', path: deployments, body: invalidJson(name) }), typed);
  await tells(async (name) => ({ method: 'PUT', path: await present(name), body: invalidJson(name) }), typed);
});

test('YAML: lines first, then fields as sorted keys stand', async () => {
  const yaml = (name: string): string => `apiVersion: apps/v1
kind: Deployment
metadata:
  name: first
  name: ${name}
  strangeMeta: 1
spec:
  strange1: x
  strangeTwice: y
  strangeTwice: z
  paused: true
  paused: false
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
      - name: nginx
        image: nginx
        strangeNested: 1
        imagePullPolicy: Always
        imagePullPolicy: Never
`;
  const lines = [
    'line 5: key "name" already set in map',
    'line 10: key "strangeTwice" already set in map',
    'line 12: key "paused" already set in map',
    'line 24: key "imagePullPolicy" already set in map',
  ];
  const fields = [
    'unknown field "metadata.strangeMeta"',
    'unknown field "spec.strange1"',
    'unknown field "spec.strangeTwice"',
    'unknown field "spec.template.spec.containers[0].strangeNested"',
  ];
  const refusal = `strict decoding error: yaml: unmarshal errors:\n  ${lines.join('\n  ')}, ${fields.join(', ')}`;
  await tells(
    (name) => ({ method: 'POST', path: deployments, type: 'application/yaml', body: yaml(name) }),
    [...lines, ...fields],
    refusal,
  );
});

test('patches: what stands twice in the patch, then fields of what it makes', async () => {
  const faults = [
    'duplicate field "spec.strangeTwice"',
    'duplicate field "spec.paused"',
    'duplicate field "spec.template.spec.containers[0].imagePullPolicy"',
    'unknown field "spec.strange1"',
    'unknown field "spec.strangeTwice"',
    'unknown field "spec.template.spec.containers[0].strangeNested"',
  ];
  for (const type of ['application/merge-patch+json', 'application/strategic-merge-patch+json']) {
    await tells(async (name) => ({ method: 'PATCH', path: await present(name), type, body: `{${spec}}` }), faults);
    const harmless = '{"spec":{"paused":true,"paused":false}}';
    await tells(async (name) => ({ method: 'PATCH', path: await present(name), type, body: harmless }), ['duplicate field "spec.paused"']);
  }
});

test('JSON patches: members that operations do not have, or have twice', async () => {
  const body = `[
    {"op":"add","path":"/spec/strange1","value":"x","foo":"bar"},
    {"op":"add","path":"/spec/strange2","path":"/spec/strange3","value":{"a":1,"a":2}},
    {"op":"add","path":"/spec/paused","value":true}
  ]`;
  const faults = [
    'json patch unknown field "[0].foo"',
    'json patch duplicate field "[1].path"',
    'unknown field "spec.strange1"',
    'unknown field "spec.strange3"',
  ];
  await tells(async (name) => ({ method: 'PATCH', path: await present(name), type: 'application/json-patch+json', body }), faults);
});

test('apply: lines of what stands twice', async () => {
  const body = (name: string): string => validJson(name).replace('"spec":{', '"spec":{\n"paused":true,\n"paused":false,\n');
  const line = 'line 3: key "paused" already set in map';
  await tells(
    (name) => ({
      method: 'PATCH',
      path: `${deployments}/${name}?fieldManager=mgr`,
      type: 'application/apply-patch+yaml',
      body: body(name),
    }),
    [line],
    `error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n  ${line}`,
  );
});

test('custom resources: all that stands twice, then fields as sorted keys stand, embedded metadata last', async () => {
  const embedded = {
    type: 'object',
    'x-kubernetes-embedded-resource': true,
    properties: { kind: { type: 'string' }, metadata: { type: 'object' } },
  };
  const ports = { type: 'array', items: { type: 'object', properties: { port: { type: 'integer' } } } };
  const schema = { type: 'object', properties: { spec: { type: 'object', properties: { known: { type: 'string' }, ports, embedded } } } };
  const names = { plural: 'noxus', singular: 'noxu', kind: 'Noxu', listKind: 'NoxuList' };
  const versions = [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }];
  const definition = { metadata: { name: 'noxus.example.com' }, spec: { group: 'example.com', scope: 'Cluster', names, versions } };
  const made = await server.send('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', definition);
  assert.equal(made.status, 201, made.text);
  const path = '/apis/example.com/v1/noxus';
  for (let n = 0; n < 500 && (await server.send('GET', path)).status !== 200; n++) await new Promise(setImmediate);
  const body = (name: string): string =>
    `{"apiVersion":"example.com/v1","kind":"Noxu","metadata":{"name":"a","name":"${name}","strangeMeta":1},"spec":{"strange1":1,"strangeTwice":1,"strangeTwice":2,"known":"a","known":"b","ports":[{"port":1,"port":2,"nested":1}],"embedded":{"apiVersion":"v1","kind":"Pod","metadata":{"name":"x","odd":1}}}}`;
  await tells(
    (name) => ({ method: 'POST', path, body: body(name) }),
    [
      'duplicate field "metadata.name"',
      'duplicate field "spec.strangeTwice"',
      'duplicate field "spec.known"',
      'duplicate field "spec.ports[0].port"',
      'unknown field "metadata.strangeMeta"',
      'unknown field "spec.ports[0].nested"',
      'unknown field "spec.strange1"',
      'unknown field "spec.strangeTwice"',
      'unknown field "spec.embedded.metadata.odd"',
    ],
  );
  const finalized = JSON.stringify({
    apiVersion: 'example.com/v1',
    kind: 'Noxu',
    metadata: { name: 'held', finalizers: ['mine', 'example.com/x'] },
  });
  const { headers } = await send({ method: 'POST', path, body: finalized }, '');
  const advice = 'prefer a domain-qualified finalizer name to avoid accidental conflicts with other finalizer writers';
  assert.deepEqual([headers.warning].flat(), [quoted(`metadata.finalizers: "mine": ${advice}`)]);
});

test('of many faults the first hundred are told, each once, and none of them takes long', async () => {
  const path = '/api/v1/namespaces/default/configmaps';
  const objectOf = (name: string, members: readonly string[]): string =>
    `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"${name}"},${members.join(',')}}`;
  const numbers = [...Array(190_000).keys()];
  const bodies = {
    unknown: objectOf(
      'unknown',
      numbers.map((n) => `"k${n}":1`),
    ),
    twice: objectOf(
      'twice',
      numbers.slice(0, 100_000).map((n) => `"k${n}":1,"k${n}":2`),
    ),
    often: objectOf('often', Array(200_000).fill('"k":1')),
  };
  for (const [name, told] of Object.entries({ unknown: 100, twice: 100, often: 1 })) {
    const body = bodies[name as keyof typeof bodies];
    const { status, text } = await send({ method: 'POST', path, body }, 'Strict');
    assert.equal(status, 400, text.slice(0, 200));
    assert.equal(text.match(/unknown field/g)?.length, told);
    assert.equal((await send({ method: 'POST', path, body }, 'Warn')).status, 201);
  }
});
