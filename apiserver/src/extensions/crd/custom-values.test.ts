import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually } from '@keelson/testing';
import { cron, definition, definitions, establish, mergePatch } from '../../testing/custom-resources.ts';
import { type Fixture, startServer } from '../../testing/fixture.ts';

let server: Fixture;
before(async () => {
  server = await startServer();
});
after(() => server.close());

test('what does not fit the schema is refused with its path', async () => {
  const path = await establish(server, 'fits');
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

test('rules in CEL hold of values and of their changes', async () => {
  const spec = {
    type: 'object',
    'x-kubernetes-validations': [
      { rule: 'self.low <= self.high', message: 'low must not be above high' },
      { rule: 'self.name == oldSelf.name', messageExpression: '"was " + oldSelf.name', fieldPath: '.name' },
    ],
    properties: { low: { type: 'integer' }, high: { type: 'integer' }, name: { type: 'string' } },
  };
  const path = await establish(server, 'ruleds', {}, { schema: { openAPIV3Schema: { type: 'object', properties: { spec } } } });
  const one = (value: object): object => ({ ...cron('one', value), kind: 'Ruled' });
  const refused = await server.send('POST', path, one({ low: 3, high: 2, name: 'a' }));
  assert.equal(
    refused.json<{ message: string }>().message,
    'Ruled.stable.example.com "one" is invalid: spec: Invalid value: low must not be above high',
  );
  assert.equal((await server.send('POST', path, one({ low: 1, high: 2, name: 'a' }))).status, 201);
  assert.match((await server.send('PATCH', `${path}/one`, { spec: { name: 'b' } }, mergePatch)).text, /spec\.name: Invalid value: was a/);
  assert.equal((await server.send('PATCH', `${path}/one`, { spec: { high: 9 } }, mergePatch)).status, 200);
});

test('replicas are as many as a scale can say', async () => {
  const replicas = { type: 'object', properties: { replicas: { type: 'integer' } } };
  const openAPIV3Schema = { type: 'object', properties: { spec: replicas, status: replicas } };
  const scale = { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' };
  const path = await establish(server, 'sizes', {}, { schema: { openAPIV3Schema }, subresources: { status: {}, scale } });
  const one = (n: number): object => ({ ...cron('one', { replicas: n }), kind: 'Size' });
  const refusal = async (answer: Promise<{ text: string }>) => JSON.parse((await answer).text).message.replace(/^.*is invalid: /, '');
  assert.equal(await refusal(server.send('POST', path, one(-1))), '.spec.replicas: Invalid value: -1: should be a non-negative integer');
  assert.equal(
    await refusal(server.send('POST', path, one(2 ** 31))),
    '.spec.replicas: Invalid value: 2147483648: should be less than or equal to 2147483647',
  );
  assert.equal((await server.send('POST', path, one(1))).status, 201);
  const status = server.send('PATCH', `${path}/one/status`, { status: { replicas: -2 } }, mergePatch);
  assert.equal(await refusal(status), '.status.replicas: Invalid value: -2: should be a non-negative integer');
});

test('a schema that becomes stricter lets be what is there, and warns of rules it breaks', async () => {
  const schemaWith = (more: object): object => ({
    type: 'object',
    properties: { size: { type: 'string', ...more }, rank: { type: 'integer' } },
  });
  const path = await establish(server, 'laxs', {}, { schema: { openAPIV3Schema: schemaWith({}) } });
  const own = { apiVersion: 'stable.example.com/v1', kind: 'Lax', metadata: { name: 'one' } };
  assert.equal((await server.send('POST', path, { ...own, size: 'huge' })).status, 201);
  const strict = schemaWith({ enum: ['small'], 'x-kubernetes-validations': [{ rule: "self == 'small'" }] });
  const versions = [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: strict } }];
  await server.send('PATCH', `${definitions}/laxs.stable.example.com`, { spec: { versions } }, mergePatch);
  const change = (body: object) => server.send('PATCH', `${path}/one`, body, mergePatch);
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
  const path = await establish(server, 'texts', {}, { schema: { openAPIV3Schema: { type: 'object', properties: { spec } } } });
  const put = async (name: string, value: object): Promise<number> =>
    (await server.send('POST', path, { apiVersion: 'stable.example.com/v1', kind: 'Text', metadata: { name }, spec: value })).status;
  assert.equal(await put('fine', { letters: 'Abc', hostile: 'a'.repeat(50_000) }), 201);
  assert.equal(await put('digits', { letters: 'Abc1' }), 422);
  assert.equal(await put('long', { hostile: `${'a'.repeat(50_000)}b` }), 422);
});

test('a scale below nothing is told by the object it is of', async () => {
  const scale = { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' };
  const path = await establish(server, 'lows', {}, { subresources: { scale } });
  assert.equal((await server.send('POST', path, { ...cron('one', { cronSpec: '1' }), kind: 'Low' })).status, 201);
  const { message } = (await server.send('PATCH', `${path}/one/scale`, { spec: { replicas: -2 } }, mergePatch)).json<{ message: string }>();
  assert.match(
    message,
    /^Low\.stable\.example\.com "one" is invalid: .*\.spec\.replicas: Invalid value: -2: should be a non-negative integer/,
  );
});
