import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ConfigMap, Deployment, type Status } from '@keelson/types';
import { deploymentOf, type Fixture, startServer } from '../testing/fixture.ts';

let server: Fixture;
before(async () => {
  server = await startServer();
});
after(() => server.close());

const namespace = 'default';
const merge = 'application/merge-patch+json';
const json = 'application/json-patch+json';
const strategic = 'application/strategic-merge-patch+json';

async function deployment(name: string): Promise<string> {
  const path = `/apis/apps/v1/namespaces/${namespace}/deployments`;
  assert.equal((await server.send('POST', path, deploymentOf(name))).status, 201);
  return `${path}/${name}`;
}

async function patch(path: string, type: string, body: unknown): Promise<{ code: number; message: string; object: Deployment }> {
  const answer = await server.send('PATCH', path, body, { 'content-type': type });
  return { code: answer.status, message: answer.json<Status>().message ?? '', object: answer.json<Deployment>() };
}

test('a JSON patch is applied as a whole or not at all', async () => {
  const path = await deployment('json');
  const done = await patch(path, json, [
    { op: 'test', path: '/spec/replicas', value: 1 },
    { op: 'replace', path: '/spec/replicas', value: 3 },
    { op: 'add', path: '/metadata/labels', value: { 'a/b': 'c' } },
    { op: 'copy', from: '/spec/replicas', path: '/spec/minReadySeconds' },
  ]);
  assert.deepEqual(
    [done.code, done.object.spec?.replicas, done.object.spec?.minReadySeconds, done.object.metadata.labels],
    [200, 3, 3, { 'a/b': 'c' }],
  );
  for (const operations of [
    [{ op: 'test', path: '/spec/replicas', value: 9 }],
    [{ op: 'remove', path: '/spec/absent' }],
    [{ op: 'explode', path: '/spec' }],
    [
      { op: 'replace', path: '/spec/replicas', value: 5 },
      { op: 'test', path: '/spec/paused', value: true },
    ],
    [{}],
    [null],
  ]) {
    const refused = await patch(path, json, operations);
    assert.deepEqual([refused.code, refused.message], [422, 'the server rejected our request due to an error in our request']);
  }
  assert.equal((await server.api.get(Deployment, { name: 'json', namespace })).spec?.replicas, 3);
});

test('what a strategic merge patch calls the object says nothing; a merge patch has to be right', async () => {
  const path = await deployment('called');
  const wanted = { apiVersion: 'v7', kind: 'Deployment', metadata: { name: 'called' }, spec: { replicas: 4 } };
  const scaled = await patch(`${path}/scale`, strategic, wanted);
  assert.deepEqual([scaled.code, scaled.object.kind, scaled.object.apiVersion], [200, 'Scale', 'autoscaling/v1']);
  const whole = await patch(path, strategic, { kind: 'Pod', spec: { replicas: 5 } });
  assert.deepEqual([whole.code, whole.object.kind, whole.object.spec?.replicas], [200, 'Deployment', 5]);
  const merged = await patch(`${path}/scale`, merge, wanted);
  assert.deepEqual([merged.code, /cannot be handled as a Scale/.test(merged.message)], [422, true], merged.message);
});

test('a merge patch sets, and deletes by null', async () => {
  const path = await deployment('merge');
  const { object } = await patch(path, merge, { metadata: { annotations: { a: 'b' } }, spec: { replicas: 2, revisionHistoryLimit: null } });
  assert.deepEqual([object.metadata.annotations, object.spec?.replicas, object.spec?.revisionHistoryLimit], [{ a: 'b' }, 2, 10]);
  const cleared = await patch(path, merge, { metadata: { annotations: null } });
  assert.equal(cleared.object.metadata.annotations, undefined);
});

test('a strategic merge patch merges lists by their keys', async () => {
  const path = await deployment('strategic');
  const template = {
    spec: {
      containers: [
        { name: 'main', env: [{ name: 'X', value: '1' }] },
        { name: 'side', image: 'registry.local/side:1' },
      ],
    },
  };
  const { object } = await patch(path, strategic, { spec: { template } });
  const containers = object.spec?.template.spec?.containers ?? [];
  assert.deepEqual(
    containers.map(({ name, image, env }) => [name, image, env?.length ?? 0]),
    [
      ['side', 'registry.local/side:1', 0],
      ['main', 'registry.local/app:1', 1],
    ]
      .sort(() => 0)
      .toSorted((a, b) => containers.findIndex(({ name }) => name === a[0]) - containers.findIndex(({ name }) => name === b[0])),
  );
  const removed = await patch(path, strategic, { spec: { template: { spec: { containers: [{ $patch: 'delete', name: 'side' }] } } } });
  assert.deepEqual(
    removed.object.spec?.template.spec?.containers.map(({ name }) => name),
    ['main'],
  );
});

test('many who patch one object at once wait for each other, and none is refused', async (t) => {
  const path = `/api/v1/namespaces/${namespace}/configmaps`;
  await server.send('POST', path, { metadata: { name: 'busy' } });
  const patches = Array.from({ length: 40 }, (_, n) => ({ data: { [`k${n}`]: 'v' } }));
  const tries = t.mock.method(server.store, 'update').mock;
  const answers = await Promise.all(patches.map((patch) => server.send('PATCH', `${path}/busy`, patch, { 'content-type': merge })));
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
  assert.ok(tries.callCount() <= 3 * patches.length, `${tries.callCount()} tries`);
  const { data } = (await server.send('GET', `${path}/busy`)).json<ConfigMap>();
  assert.equal(Object.keys(data ?? {}).length, patches.length);
});

test('a patch that breaks the object’s shape is invalid, and shows what it made', async () => {
  const path = await deployment('broken');
  const why = 'json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32';
  const bySmp = async (body: object): Promise<string> => {
    const { code, message } = await patch(path, strategic, body);
    assert.equal(code, 422);
    return message.slice(message.lastIndexOf('": ') + 3);
  };
  const { message } = await patch(path, strategic, { spec: { replicas: 'x' } });
  assert.equal(message, ' "" is invalid: patch: Invalid value: "map[spec:map[replicas:x]]": cannot convert string to int32');
  assert.equal(await bySmp({ metadata: { labels: 'x' } }), 'cannot restore map from string');
  assert.equal(await bySmp({ metadata: { labels: { a: 1 } } }), 'cannot convert int64 to string');
  assert.equal(await bySmp({ metadata: { finalizers: true } }), 'cannot restore slice from bool');
  assert.equal(await bySmp({ spec: { template: 1.5 } }), 'cannot restore struct from: float64');
  const byMerge = await patch(path, merge, { spec: { replicas: 'x' } });
  assert.equal(byMerge.code, 422);
  assert.ok(byMerge.message.startsWith(' "" is invalid: patch: Invalid value: "{\\"metadata\\":{') && byMerge.message.endsWith(why));
  const strict = await patch(`${path}?fieldValidation=Strict`, strategic, { spec: { nope: 1 } });
  assert.deepEqual(
    [strict.code, strict.message],
    [422, ' "" is invalid: patch: Invalid value: "map[spec:map[nope:1]]": strict decoding error: unknown field "spec.nope"'],
  );
  const negative = await patch(path, merge, { spec: { replicas: -1 } });
  assert.deepEqual(
    [negative.code, negative.message],
    [422, 'Deployment.apps "broken" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0'],
  );
});

test('bodies that are no patch, and types that are none', async () => {
  const path = await deployment('none');
  const decoding = 'error decoding patch: ';
  const notMap = 'json: cannot unmarshal array into Go value of type map[string]interface {}';
  for (const [type, body, message, query = ''] of [
    [json, {}, `${decoding}json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp`],
    [json, {}, 'json: cannot unmarshal object into Go value of type jsonpatch.Patch', '?fieldValidation=Ignore'],
    [json, 'x', `${decoding}invalid character 'x' looking for beginning of value`],
    [json, '[', `${decoding}unexpected end of JSON input`],
    [json, '[{"op":1}]', `${decoding}json: cannot unmarshal number into Go struct field jsonPatchOp.op of type string`],
    [json, '["x"]', `${decoding}json: cannot unmarshal string into Go value of type handlers.jsonPatchOp`],
    [merge, [], `${decoding}${notMap}`],
    [merge, [], 'Invalid JSON Patch', '?fieldValidation=Ignore'],
    [merge, 'null', `${decoding}json: cannot unmarshal null into Go value of type map[string]interface {}`],
    [merge, '"x"', `${decoding}json: cannot unmarshal string into Go value of type map[string]interface {}`],
    [strategic, '[1]', notMap],
    [strategic, '{', 'unexpected end of JSON input'],
  ] as const) {
    const { code, message: told } = await patch(`${path}${query}`, type, body);
    assert.deepEqual([code, told], [400, message], `${type} ${body}`);
  }
  const type = await patch(path, 'application/json', {});
  assert.deepEqual(
    [type.code, type.message],
    [
      415,
      'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, application/apply-patch+yaml',
    ],
  );
  assert.match((await patch(`${path}?force=true`, merge, {})).message, /force: Forbidden: may not be specified for non-apply patch/);
  const many = await patch(
    path,
    json,
    Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/kind', value: 'Deployment' })),
  );
  assert.deepEqual(
    [many.code, many.message],
    [413, 'Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001'],
  );
});

test('a strategic patch that cannot be merged is told in upstream’s words, as the server’s fault', async () => {
  const path = await deployment('merged');
  const containers = [{ image: 'x' }];
  const unnamed = await patch(path, strategic, { spec: { template: { spec: { containers } } } });
  assert.deepEqual([unnamed.code, unnamed.message], [400, 'map: map[image:x] does not contain declared merge key: name']);
});

test('what identifies an object cannot be patched', async () => {
  const path = await deployment('identity');
  assert.match(
    (await patch(path, merge, { metadata: { name: 'other' } })).message,
    /^the name of the object \(other\) does not match the name on the URL \(identity\)$/,
  );
  assert.match(
    (await patch(path, merge, { metadata: { namespace: 'other' } })).message,
    /^the namespace of the provided object does not match/,
  );
  for (const member of [{ uid: 'other' }, { deletionTimestamp: '2001-01-01T00:00:00Z' }, { deletionGracePeriodSeconds: 5 }]) {
    const { code, message } = await patch(path, merge, { metadata: member });
    assert.equal(code, 422);
    assert.match(message, new RegExp(`: metadata\\.${Object.keys(member)[0]}: Invalid value: \\S+ field is immutable$`));
  }
  const unnamed = 'the name of the object (identity based on URL) was undeterminable: name must be provided';
  const nothing = await patch(path, json, [{ op: 'replace', path: '', value: null }]);
  assert.deepEqual([nothing.code, nothing.message], [422, 'the server rejected our request due to an error in our request']);
  for (const body of [{ metadata: { name: null } }, { metadata: null }]) assert.equal((await patch(path, merge, body)).message, unnamed);
  assert.equal((await patch(path, merge, { metadata: { resourceVersion: '1' } })).code, 409);
  assert.equal((await patch(path, merge, { kind: 'Pod' })).code, 422);
  const before = await server.api.get(Deployment, { name: 'identity', namespace });
  const { object } = await patch(path, merge, { metadata: { creationTimestamp: '2001-01-01T00:00:00Z', generation: 99, selfLink: '/x' } });
  assert.deepEqual(object, before);
  assert.equal((await patch(path.replace('identity', 'absent'), merge, {})).code, 404);
});

test('a patch of a map with odd names leaves them be', async () => {
  const { api } = server;
  const data = JSON.parse('{"__proto__.x":"1","constructor":"2","toString":"3"}') as Record<string, string>;
  const key = { name: 'odd', namespace };
  await api.create(ConfigMap, { metadata: key, data });
  const patched = await api.patch(ConfigMap, key, merge, { data: { constructor: null, hasOwnProperty: '4' } });
  assert.deepEqual(Object.entries(patched.data ?? {}).sort(), [
    ['__proto__.x', '1'],
    ['hasOwnProperty', '4'],
    ['toString', '3'],
  ]);
});
