import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { KubeObject } from '@keelson/client';
import { cron, definition, definitions, establish } from '../testing/custom-resources.ts';
import { type Fixture, startServer } from '../testing/fixture.ts';

let server: Fixture;
let path: string;
const root = '/apis/stable.example.com/v1';
const scale = { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' };

before(async () => {
  server = await startServer();
  path = await establish(server, 'crons', {}, { subresources: { status: {}, scale } });
  await establish(server, 'plains', {}, {});
  await server.send('POST', path, cron('one', { cronSpec: '1' }));
});
after(() => server.close());

async function told(method: Parameters<Fixture['send']>[0], at: string, body?: object): Promise<[code: number, message: string]> {
  const { status, text } = await server.send(method, at, body);
  return [status, text.startsWith('{') ? (JSON.parse(text) as { message: string }).message : text];
}

test('what nobody serves is not found, in a word', async () => {
  await server.send('POST', definitions, definition('globals', { scope: 'Cluster' }));
  await establish(server, 'laters');
  for (const at of [
    ...[`${root}/strangers`, `${root}/namespaces/default/strangers/x`, `${root}/namespaces/default/globals`],
    ...[`${root}/crons/one`, '/apis/stable.example.com/v9/crons', '/apis/other.example.com/v1/crons'],
  ]) {
    const answer = await server.send('GET', at);
    assert.deepEqual([answer.status, answer.text], [404, '404 page not found\n'], at);
    assert.equal(answer.headers['x-content-type-options'], 'nosniff');
  }
  assert.deepEqual(await told('POST', `${root}/crons`, {}), [404, '404 page not found\n']);
});

test('methods that are not served are told by their verb', async () => {
  const refused = (verb: string): [number, string] => [405, `${verb} is not supported on resources of kind "crons.stable.example.com"`];
  for (const subresource of ['status', 'scale', 'status/more'])
    for (const [method, verb] of [
      ['POST', 'create'],
      ['DELETE', 'delete'],
      ['OPTIONS', ''],
    ] as const)
      assert.deepEqual(await told(method, `${path}/one/${subresource}`), refused(verb));
  assert.deepEqual(await told('OPTIONS', path), refused(''));
  assert.deepEqual(await told('GET', `${root}/proxy/namespaces/default/crons/one`), refused('proxy'));
  for (const method of ['PUT', 'PATCH'] as const) assert.deepEqual(await told(method, path, {}), [400, 'name must be provided']);
});

test('a subresource that is not enabled is not found, with its object', async () => {
  for (const subresource of ['status', 'scale', 'other', 'status/more'])
    for (const method of ['GET', 'PUT', 'OPTIONS'] as const)
      assert.deepEqual(await told(method, `/apis/stable.example.com/v1/namespaces/default/plains/one/${subresource}`), [
        404,
        'plains.stable.example.com "one" not found',
      ]);
});

test('what is got can be asked for its head, and what follows a subresource says nothing', async () => {
  for (const at of [path, `${path}/one`, `${path}/one/status`]) {
    const { status, text } = await server.send('HEAD', at);
    assert.deepEqual([status, text], [200, ''], at);
  }
  assert.equal((await server.send('HEAD', `${path}/two`)).status, 404);
  assert.equal((await server.send('GET', `${path}/one/status/more`)).json<KubeObject>().metadata.name, 'one');
});

test('what is created has its own name, whatever the path says', async () => {
  const { status, text } = await server.send('POST', `${path}/one`, cron('another', { cronSpec: '1' }));
  assert.equal(status, 201, text);
});

test('a Scale that is put says whose it is', async () => {
  const missing = 'the name of the object (one based on URL) was undeterminable: name must be provided';
  assert.deepEqual(await told('PUT', `${path}/one/scale`, {}), [400, missing]);
  const other = { metadata: { name: 'one', namespace: 'other' }, spec: { replicas: 2 } };
  const [code, message] = await told('PUT', `${path}/one/scale`, other);
  assert.deepEqual([code, message], [400, 'the namespace of the provided object does not match the namespace sent on the request']);
});

test('a list says that nothing follows it', async () => {
  const { metadata } = (await server.send('GET', path)).json<{ metadata: { continue?: string } }>();
  assert.equal(metadata.continue, '');
});
