import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually } from '@keelson/testing';
import { cron, definitions, establish, mergePatch } from '../../testing/custom-resources.ts';
import { type Fixture, startServer } from '../../testing/fixture.ts';

let server: Fixture;
before(async () => {
  server = await startServer();
});
after(() => server.close());

test('a default that comes later shows on what was stored before; versions are one object', async () => {
  const path = await establish(
    server,
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
  const patched = await server.send('PATCH', `${definitions}/grows.stable.example.com`, { spec: { versions } }, mergePatch);
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
  const changed = await server.send('PATCH', `${path}/one`, { a: 'C' }, mergePatch);
  assert.equal(changed.json<{ apiVersion: string }>().apiVersion, 'stable.example.com/v1');
  assert.equal((await read('v2')).a, 'C');
});

test('a version that is deprecated warns whoever asks for it', async () => {
  const openAPIV3Schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  const version = (name: string, over: object) => ({ name, served: true, storage: false, schema: { openAPIV3Schema }, ...over });
  const path = await establish(server, 'olds', {
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
  const path = await establish(server, 'pruneds', { versions });
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

test('what is made only to be looked at has no revision, in any version', async () => {
  const path = await establish(server, 'looks');
  const made = await server.send('POST', `${path}?dryRun=All`, { ...cron('one', { cronSpec: '1' }), kind: 'Look' });
  assert.deepEqual([made.status, made.json<{ metadata: { resourceVersion?: string } }>().metadata.resourceVersion], [201, undefined]);
});
