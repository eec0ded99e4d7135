import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually } from '@keelson/testing';
import { createMemoryStore } from '../../storage/memory/memory.ts';
import { type Fixture, startServer } from '../../testing/fixture.ts';

let server: Fixture;
before(async () => {
  server = await startServer();
});
after(() => server.close());

const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

const cronSchema = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      required: ['cronSpec'],
      properties: {
        cronSpec: { type: 'string', pattern: '^(\\d+|\\*)$' },
        replicas: { type: 'integer', minimum: 1, maximum: 10, default: 1 },
        free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
      },
    },
    status: { type: 'object', properties: { replicas: { type: 'integer' }, labelSelector: { type: 'string' } } },
  },
};

function definition(plural: string, over: object = {}, version: object = {}): { metadata: { name: string }; spec: object } {
  const kind = plural.slice(0, 1).toUpperCase() + plural.slice(1, -1);
  const v1 = { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: cronSchema }, ...version };
  const spec = { group: 'stable.example.com', scope: 'Namespaced', names: { plural, kind }, versions: [v1], ...over };
  return { metadata: { name: `${plural}.stable.example.com` }, spec };
}

async function establish(plural: string, over: object = {}, version: object = {}): Promise<string> {
  const created = await server.send('POST', definitions, definition(plural, over, version));
  assert.equal(created.status, 201, created.text);
  const path = `/apis/stable.example.com/v1/namespaces/default/${plural}`;
  await eventually(async () => (await server.send('GET', path)).status === 200, { message: `${plural} are served` });
  return path;
}

const cron = (name: string, spec: object): object => ({ apiVersion: 'stable.example.com/v1', kind: 'Cron', metadata: { name }, spec });

test('an established definition is served like any other kind', async () => {
  const path = await establish('crons', { names: { plural: 'crons', kind: 'Cron', shortNames: ['cr'], categories: ['all'] } });
  const { status } = (await server.send('GET', `${definitions}/crons.stable.example.com`)).json<{
    status: { conditions: { type: string; reason: string }[]; acceptedNames: object };
  }>();
  assert.deepEqual(
    status.conditions.map(({ type, reason }) => [type, reason]),
    [
      ['NamesAccepted', 'NoConflicts'],
      ['Established', 'InitialNamesAccepted'],
    ],
  );
  assert.deepEqual(status.acceptedNames, {
    ...{ plural: 'crons', singular: 'cron', kind: 'Cron', listKind: 'CronList' },
    ...{ shortNames: ['cr'], categories: ['all'] },
  });
  const created = await server.send('POST', path, cron('one', { cronSpec: '5', extra: true, free: { any: 1 } }));
  assert.equal(created.status, 201, created.text);
  const { spec, metadata } = created.json<{ spec: object; metadata: { generation: number } }>();
  assert.deepEqual(spec, { cronSpec: '5', free: { any: 1 }, replicas: 1 });
  assert.equal(metadata.generation, 1);
  assert.equal((await server.send('GET', path)).json<{ items: unknown[] }>().items.length, 1);
  const discovery = (await server.send('GET', '/apis/stable.example.com/v1')).json<{
    resources: { name: string; shortNames?: string[] }[];
  }>();
  assert.deepEqual(discovery.resources.find(({ name }) => name === 'crons')?.shortNames, ['cr']);
});

test('what does not fit the schema is refused with its path', async () => {
  const path = await establish('fits');
  const refused = async (spec: object, query = ''): Promise<string> => {
    const answer = await server.send('POST', path + query, { ...cron('bad', spec), kind: 'Fit' });
    assert.ok(answer.status >= 400, answer.text);
    return answer.json<{ message: string }>().message;
  };
  assert.equal(await refused({}), 'Fit.stable.example.com "bad" is invalid: spec.cronSpec: Required value');
  assert.match(
    await refused({ cronSpec: 'x' }),
    /spec\.cronSpec: Invalid value: "x": spec\.cronSpec in body should match '\^\(\\d\+\|\\\*\)\$'/,
  );
  assert.match(await refused({ cronSpec: '1', replicas: 11 }), /spec\.replicas in body should be less than or equal to 10/);
  assert.match(
    await refused({ cronSpec: '1', replicas: 'three' }),
    /spec\.replicas: Invalid value: "string": spec\.replicas in body must be of type integer: "string"/,
  );
  assert.match(await refused({ cronSpec: '1', more: 1 }, '?fieldValidation=Strict'), /strict decoding error: unknown field "spec\.more"/);
});

test('status and scale are subresources where the definition says so', async () => {
  const scale = { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas', labelSelectorPath: '.status.labelSelector' };
  const path = await establish('scaleds', {}, { subresources: { status: {}, scale } });
  await server.send('POST', path, { ...cron('one', { cronSpec: '1' }), kind: 'Scaled', status: { replicas: 9 } });
  const read = async (): Promise<{ spec: { replicas: number }; status?: object; metadata: { generation: number } }> =>
    (await server.send('GET', `${path}/one`)).json();
  assert.equal((await read()).status, undefined);
  const merge = { 'content-type': 'application/merge-patch+json' };
  await server.send('PATCH', `${path}/one/status`, { status: { replicas: 3, labelSelector: 'a=b' }, spec: { replicas: 5 } }, merge);
  const after = await read();
  assert.deepEqual([after.status, after.spec.replicas, after.metadata.generation], [{ replicas: 3, labelSelector: 'a=b' }, 1, 1]);
  await server.send('PATCH', `${path}/one/scale`, { spec: { replicas: 4 } }, merge);
  assert.equal((await read()).metadata.generation, 2);
  const { spec, status } = (await server.send('GET', `${path}/one/scale`)).json<{ spec: object; status: object }>();
  assert.deepEqual([spec, status], [{ replicas: 4 }, { replicas: 3, selector: 'a=b' }]);
});

test('columns are what the definition lists', async () => {
  const columns = [
    { name: 'Spec', type: 'string', jsonPath: '.spec.cronSpec' },
    { name: 'Replicas', type: 'integer', jsonPath: '.spec.replicas', description: 'How many.' },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  ];
  const path = await establish('shows', {}, { additionalPrinterColumns: columns });
  await server.send('POST', path, { ...cron('one', { cronSpec: '7' }), kind: 'Show' });
  const table = await server.send('GET', path, undefined, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' });
  const { columnDefinitions, rows } = table.json<{
    columnDefinitions: { name: string; description: string }[];
    rows: { cells: unknown[] }[];
  }>();
  assert.deepEqual(
    columnDefinitions.map(({ name }) => name),
    ['Name', 'Spec', 'Replicas', 'Age'],
  );
  const told = columnDefinitions.slice(1, 3).map(({ description }) => description);
  assert.deepEqual(told, ['Custom resource definition column (in JSONPath format): .spec.cronSpec', 'How many.']);
  assert.deepEqual(rows[0]?.cells.slice(0, 3), ['one', '7', 1]);
});

test('names that are taken are not accepted until they are free', async () => {
  await establish('takens', { names: { plural: 'takens', kind: 'Taken', shortNames: ['tk'] } });
  await server.send('POST', definitions, definition('others', { names: { plural: 'others', kind: 'Taken', shortNames: ['tk'] } }));
  const condition = async (): Promise<unknown> => {
    const { status } = (await server.send('GET', `${definitions}/others.stable.example.com`)).json<{
      status: { conditions?: { reason: string; status: string; message: string }[] };
    }>();
    return status.conditions?.map(({ reason }) => reason).join();
  };
  await eventually(async () => (await condition()) === 'ListKindConflict,NotAccepted', { message: 'the names are refused' });
  await server.send('DELETE', `${definitions}/takens.stable.example.com`);
  await eventually(async () => (await condition()) === 'NoConflicts,InitialNamesAccepted', { message: 'the names are free' });
});

test('a watch ends with the definition of what it watches', { timeout: 10_000 }, async () => {
  const path = await establish('seens');
  const watched = server.send('GET', `${path}?watch=true`);
  await server.send('DELETE', `${definitions}/seens.stable.example.com`);
  assert.equal((await watched).status, 200);
  assert.equal((await server.send('GET', path)).status, 404);
});

test('one that is sealed and cannot be opened keeps its deleted definition', async () => {
  const path = await establish('sealeds', { names: { plural: 'sealeds', kind: 'Sealed' } });
  const key = '/registry/stable.example.com/sealeds/default/one';
  const revision = await server.store.create(key, Buffer.from('k8s:enc:aesgcm:v1:lost:'));
  assert.equal((await server.send('GET', `${path}/one`)).status, 500);
  assert.equal((await server.send('DELETE', `${definitions}/sealeds.stable.example.com`)).status, 200);
  const waiting = async (): Promise<unknown> =>
    (await server.send('GET', `${definitions}/sealeds.stable.example.com`)).json<{ metadata?: { deletionTimestamp?: string } }>().metadata
      ?.deletionTimestamp;
  assert.ok(await waiting());
  await server.send('GET', `${path}/one`);
  assert.ok(await waiting());
  await server.store.delete(key, revision);
  await eventually(async () => (await server.send('GET', `${definitions}/sealeds.stable.example.com`)).status === 404);
});

test('after a restart all are served as soon as the server is ready, each read a few times', async (t) => {
  const store = Object.assign(createMemoryStore(), { close: async () => undefined });
  const first = await startServer({ store });
  const plurals = Array.from({ length: 60 }, (_, n) => `later${n}s`);
  const pathOf = (plural: string): string => `/apis/stable.example.com/v1/namespaces/default/${plural}`;
  for (const plural of plurals) assert.equal((await first.send('POST', definitions, definition(plural))).status, 201);
  await eventually(async () => (await first.send('GET', pathOf('later59s'))).status === 200);
  await first.close();
  const parse = t.mock.method(JSON, 'parse').mock;
  const second = await startServer({ store });
  const reads = parse.calls.filter(({ arguments: [text] }) => String(text).includes('"cronSpec"'));
  const answers = await Promise.all(plurals.map((plural) => second.send('GET', pathOf(plural))));
  await second.close();
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
  assert.ok(reads.length < 10 * plurals.length, `${reads.length} times`);
});

test('a definition that is deleted takes its objects along', async () => {
  const path = await establish('gones');
  await server.send('POST', path, { ...cron('one', { cronSpec: '7' }), kind: 'Gone' });
  const deleted = await server.send('DELETE', `${definitions}/gones.stable.example.com`);
  assert.equal(deleted.status, 200);
  await eventually(async () => (await server.send('GET', `${definitions}/gones.stable.example.com`)).status === 404, {
    message: 'the definition is gone',
  });
  await eventually(async () => (await server.send('GET', path)).status === 404, { message: 'nothing is served' });
  const again = await establish('gones');
  assert.deepEqual((await server.send('GET', again)).json<{ items: unknown[] }>().items, []);
});

test('what is defined is published, and published no more when it is gone', async () => {
  const schema = {
    type: 'object',
    description: 'A thing.',
    properties: { spec: { type: 'object', properties: { n: { type: 'integer' } } } },
  };
  await establish('tells', {}, { schema: { openAPIV3Schema: schema } });
  const name = 'com.example.stable.v1.Tell';
  const definitionsOf = async (): Promise<Record<string, { properties: object; description: string }>> =>
    (await server.send('GET', '/openapi/v2')).json<{ definitions: Record<string, { properties: object; description: string }> }>()
      .definitions;
  const published = (await definitionsOf())[name];
  assert.equal(published?.description, 'A thing.');
  assert.deepEqual(Object.keys(published?.properties ?? {}), ['spec', 'apiVersion', 'kind', 'metadata']);
  const v3 = (await server.send('GET', '/openapi/v3/apis/stable.example.com/v1')).json<{ components: { schemas: object } }>();
  assert.ok(name in v3.components.schemas);
  await server.send('DELETE', `${definitions}/tells.stable.example.com`);
  await eventually(async () => !(name in (await definitionsOf())), { message: 'it is gone' });
});

test('a default that comes later shows on what was stored before; versions are one object', async () => {
  const path = await establish(
    'grows',
    {},
    { schema: { openAPIV3Schema: { type: 'object', properties: { a: { type: 'string' }, b: { type: 'string' } } } } },
  );
  await server.send('POST', path, { apiVersion: 'stable.example.com/v1', kind: 'Grow', metadata: { name: 'one' }, a: 'A' });
  const openAPIV3Schema = { type: 'object', properties: { a: { type: 'string' }, b: { type: 'string', default: 'B' } } };
  const versions = [
    { name: 'v1', served: true, storage: false, schema: { openAPIV3Schema } },
    { name: 'v2', served: true, storage: true, schema: { openAPIV3Schema } },
  ];
  const merge = { 'content-type': 'application/merge-patch+json' };
  const patched = await server.send('PATCH', `${definitions}/grows.stable.example.com`, { spec: { versions } }, merge);
  assert.equal(patched.status, 200, patched.text);
  const read = async (version: string): Promise<{ apiVersion: string; a: string; b: string }> =>
    (await server.send('GET', `${path.replace('v1', version)}/one`)).json();
  await eventually(async () => (await read('v2')).b === 'B', { message: 'the default shows' });
  assert.deepEqual([(await read('v1')).apiVersion, (await read('v2')).apiVersion], ['stable.example.com/v1', 'stable.example.com/v2']);
  const { items } = (await server.send('GET', path)).json<{ items: { b: string }[] }>();
  assert.deepEqual(
    items.map(({ b }) => b),
    ['B'],
  );
  const changed = await server.send('PATCH', `${path}/one`, { a: 'C' }, merge);
  assert.equal(changed.json<{ apiVersion: string }>().apiVersion, 'stable.example.com/v1');
  assert.equal((await read('v2')).a, 'C');
});

test('a version that is deprecated warns whoever asks for it', async () => {
  const openAPIV3Schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  const version = (name: string, over: object) => ({ name, served: true, storage: false, schema: { openAPIV3Schema }, ...over });
  const path = await establish('olds', {
    versions: [
      version('v1', { storage: true }),
      version('v2beta1', {}),
      version('v1beta1', { deprecated: true }),
      version('v1alpha1', { deprecated: true, deprecationWarning: 'away with it' }),
      version('v3', { deprecated: true }),
    ],
  });
  const warning = async (name: string, method: 'GET' | 'POST' = 'GET', body?: object) =>
    (await server.send(method, path.replace('/v1/', `/${name}/`), body)).headers.warning;
  assert.equal(await warning('v1'), undefined);
  const use = ['299 - "stable.example.com/v1beta1 Old is deprecated; use stable.example.com/v1 Old"'];
  assert.deepEqual([await warning('v1beta1')].flat(), use);
  assert.deepEqual([await warning('v1beta1', 'POST', { metadata: { name: 'one' } })].flat(), use);
  assert.deepEqual([await warning('v1alpha1')].flat(), ['299 - "away with it"']);
  assert.deepEqual([await warning('v3')].flat(), ['299 - "stable.example.com/v3 Old is deprecated"']);
  const { headers } = await server.send('GET', '/api/v1/namespaces/default/endpoints');
  assert.deepEqual([headers.warning].flat(), ['299 - "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"']);
});

test('rules in CEL hold of values and of their changes', async () => {
  const spec = {
    type: 'object',
    'x-kubernetes-validations': [
      { rule: 'self.low <= self.high', message: 'low must not be above high' },
      { rule: 'self.name == oldSelf.name', messageExpression: '"was " + oldSelf.name', fieldPath: '.name' },
    ],
    properties: { low: { type: 'integer' }, high: { type: 'integer' }, name: { type: 'string' } },
  };
  const path = await establish('ruleds', {}, { schema: { openAPIV3Schema: { type: 'object', properties: { spec } } } });
  const one = (value: object): object => ({ ...cron('one', value), kind: 'Ruled' });
  const refused = await server.send('POST', path, one({ low: 3, high: 2, name: 'a' }));
  assert.equal(
    refused.json<{ message: string }>().message,
    'Ruled.stable.example.com "one" is invalid: spec: Invalid value: low must not be above high',
  );
  assert.equal((await server.send('POST', path, one({ low: 1, high: 2, name: 'a' }))).status, 201);
  const merge = { 'content-type': 'application/merge-patch+json' };
  assert.match((await server.send('PATCH', `${path}/one`, { spec: { name: 'b' } }, merge)).text, /spec\.name: Invalid value: was a/);
  assert.equal((await server.send('PATCH', `${path}/one`, { spec: { high: 9 } }, merge)).status, 200);
});

test('replicas are as many as a scale can say', async () => {
  const replicas = { type: 'object', properties: { replicas: { type: 'integer' } } };
  const openAPIV3Schema = { type: 'object', properties: { spec: replicas, status: replicas } };
  const scale = { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' };
  const path = await establish('sizes', {}, { schema: { openAPIV3Schema }, subresources: { status: {}, scale } });
  const one = (n: number): object => ({ ...cron('one', { replicas: n }), kind: 'Size' });
  const refusal = async (answer: Promise<{ text: string }>) => JSON.parse((await answer).text).message.replace(/^.*is invalid: /, '');
  assert.equal(await refusal(server.send('POST', path, one(-1))), '.spec.replicas: Invalid value: -1: should be a non-negative integer');
  assert.equal(
    await refusal(server.send('POST', path, one(2 ** 31))),
    '.spec.replicas: Invalid value: 2147483648: should be less than or equal to 2147483647',
  );
  assert.equal((await server.send('POST', path, one(1))).status, 201);
  const merge = { 'content-type': 'application/merge-patch+json' };
  const status = server.send('PATCH', `${path}/one/status`, { status: { replicas: -2 } }, merge);
  assert.equal(await refusal(status), '.status.replicas: Invalid value: -2: should be a non-negative integer');
});

test('a schema that becomes stricter lets be what is there, and warns of rules it breaks', async () => {
  const schemaWith = (more: object): object => ({
    type: 'object',
    properties: { size: { type: 'string', ...more }, rank: { type: 'integer' } },
  });
  const path = await establish('laxs', {}, { schema: { openAPIV3Schema: schemaWith({}) } });
  const own = { apiVersion: 'stable.example.com/v1', kind: 'Lax', metadata: { name: 'one' } };
  assert.equal((await server.send('POST', path, { ...own, size: 'huge' })).status, 201);
  const strict = schemaWith({ enum: ['small'], 'x-kubernetes-validations': [{ rule: "self == 'small'" }] });
  const versions = [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: strict } }];
  const merge = { 'content-type': 'application/merge-patch+json' };
  await server.send('PATCH', `${definitions}/laxs.stable.example.com`, { spec: { versions } }, merge);
  const change = (body: object) => server.send('PATCH', `${path}/one`, body, merge);
  await eventually(async () => (await change({ size: 'tiny' })).status === 422, { message: 'the schema is enforced' });
  const kept = await change({ rank: 1 });
  assert.deepEqual(
    [kept.status, ...[kept.headers.warning].flat()],
    [200, '299 - "size: Invalid value: \\"huge\\": failed rule: self == \'small\'"'],
  );
  assert.match(
    (await server.send('POST', path, { ...own, metadata: { name: 'two' }, size: 'huge' })).text,
    /supported values: \\"small\\"/,
  );
});

test('schemas that are not structural are refused', async () => {
  const refuse = async (openAPIV3Schema: object): Promise<string> =>
    (await server.send('POST', definitions, definition('bads', {}, { schema: { openAPIV3Schema } }))).json<{ message: string }>().message;
  const at = String.raw`spec\.validation\.openAPIV3Schema`;
  assert.match(
    await refuse({ type: 'object', properties: { a: {} } }),
    new RegExp(`${at}\\.properties\\[a\\]\\.type: Required value: must not be empty for specified object fields`),
  );
  assert.match(await refuse({ type: 'array', items: { type: 'string' } }), /must be object at the root/);
  const rules = [{ rule: 'self.a ==' }];
  assert.match(
    await refuse({ type: 'object', 'x-kubernetes-validations': rules }),
    /x-kubernetes-validations\[0\]\.rule: Invalid value: \{"Rule":"self\.a ==",.*\}: compilation failed/,
  );
  assert.match(await refuse({ type: 'object', properties: { a: { type: 'integer', default: 'x' } } }), /must be of type integer: "string"/);
  assert.match(
    await refuse({ type: 'object', properties: { a: { type: 'string', pattern: '+' } } }),
    /properties\[a\]\.pattern: Invalid value: "\+": must be a valid regular expression, but isn't: error parsing regexp: missing argument to repetition operator: `\+`/,
  );
});

test('patterns are Go’s, and a hostile one holds nobody up', async () => {
  const texts = (pattern: string): object => ({ type: 'string', pattern });
  const properties = { letters: texts(String.raw`\A(?i:[[:alpha:]]+)\z`), hostile: texts('^(a+)+$') };
  const spec = { type: 'object', properties };
  const path = await establish('texts', {}, { schema: { openAPIV3Schema: { type: 'object', properties: { spec } } } });
  const put = async (name: string, value: object): Promise<number> =>
    (await server.send('POST', path, { apiVersion: 'stable.example.com/v1', kind: 'Text', metadata: { name }, spec: value })).status;
  assert.equal(await put('fine', { letters: 'Abc', hostile: 'a'.repeat(50_000) }), 201);
  assert.equal(await put('digits', { letters: 'Abc1' }), 422);
  assert.equal(await put('long', { hostile: `${'a'.repeat(50_000)}b` }), 422);
});

test('what one version knows nothing of is not in it, and defaults are those of the stored one', async () => {
  const of = (...names: string[]): object => ({
    openAPIV3Schema: {
      type: 'object',
      properties: {
        spec: { type: 'object', properties: Object.fromEntries(names.map((name) => [name, { type: 'string', default: name }])) },
      },
    },
  });
  const versions = [
    { name: 'v1', served: true, storage: true, schema: of('a', 'b') },
    { name: 'v2', served: true, storage: false, schema: of('a', 'c') },
  ];
  const path = await establish('pruneds', { versions });
  const object = (version: string, name: string): object => ({
    ...{ apiVersion: `stable.example.com/${version}`, kind: 'Pruned', metadata: { name }, spec: {} },
  });
  const specs = async (name: string): Promise<object[]> =>
    Promise.all(
      [path, path.replace('/v1/', '/v2/')].map(async (at) => (await server.send('GET', `${at}/${name}`)).json<{ spec: object }>().spec),
    );
  await server.send('POST', path, object('v1', 'one'));
  assert.deepEqual(await specs('one'), [{ a: 'a', b: 'b' }, { a: 'a' }]);
  const made = await server.send('POST', path.replace('/v1/', '/v2/'), object('v2', 'two'));
  assert.deepEqual(made.json<{ spec: object }>().spec, { a: 'a' });
  assert.deepEqual(await specs('two'), [{ a: 'a', b: 'b' }, { a: 'a' }]);
});

test('a definition that is going away takes no more objects', async () => {
  const path = await establish('leavings');
  const object = { apiVersion: 'stable.example.com/v1', kind: 'Leaving', metadata: { name: 'held', finalizers: ['example.com/hold'] } };
  await server.send('POST', path, object);
  await server.send('DELETE', `${definitions}/leavings.stable.example.com`);
  const late = { ...object, metadata: { name: 'late' } };
  const tried = (): ReturnType<typeof server.send> => server.send('POST', `${path}?dryRun=All`, late);
  await eventually(async () => (await tried()).status === 403, { message: 'nothing more is taken' });
  const answer = await tried();
  assert.equal(
    answer.json<{ message: string }>().message,
    'leavings.stable.example.com "late" is forbidden: create not allowed while custom resource definition is terminating',
  );
  await server.send('PATCH', `${path}/held`, { metadata: { finalizers: null } }, { 'content-type': 'application/merge-patch+json' });
});
