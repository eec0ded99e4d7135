import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { SimulatedClock } from '@keelson/testing';
import { ConfigMap, Deployment, Service, type Table } from '@keelson/types';
import { deploymentOf, type Fixture, startServer } from '../testing/fixture.ts';

const clock = new SimulatedClock();
let server: Fixture;
before(async () => {
  server = await startServer({ clock });
  await server.api.create(ConfigMap, { metadata: { name: 'a', namespace, labels: { x: 'y' } }, data: { k: 'v', l: 'w' } });
  await server.api.create(ConfigMap, { metadata: { name: 'b', namespace } });
  await server.api.create(Deployment, { ...(deploymentOf('web', { replicas: 3 }) as Deployment), metadata: { name: 'web', namespace } });
  await server.api.create(Service, {
    metadata: { name: 'svc', namespace },
    spec: { clusterIP: '10.96.9.9', type: 'NodePort', ports: [{ port: 80, nodePort: 30_123 }] },
  });
});
after(() => server.close());

const namespace = 'default';
const maps = '/api/v1/namespaces/default/configmaps';
const asTable = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' };

test('a Table has the columns and cells kubectl prints, and as much of the objects as asked', async () => {
  await clock.advance(90_000);
  const table = await server.api.table(ConfigMap, { namespace });
  assert.deepEqual([table.kind, table.apiVersion], ['Table', 'meta.k8s.io/v1']);
  assert.deepEqual(
    table.columnDefinitions.map(({ name, type, format, priority }) => [name, type, format, priority]),
    [
      ['Name', 'string', 'name', 0],
      ['Data', 'string', '', 0],
      ['Age', 'string', '', 0],
    ],
  );
  assert.deepEqual(
    table.rows.map(({ cells }) => cells),
    [
      ['a', 2, '90s'],
      ['b', 0, '90s'],
    ],
  );
  const object = table.rows[0]?.object as { kind: string; metadata: { labels: object }; data?: object };
  assert.deepEqual([object.kind, object.metadata.labels, object.data], ['PartialObjectMetadata', { x: 'y' }, undefined]);
  const whole = await server.api.table(ConfigMap, { namespace, includeObject: 'Object' });
  assert.deepEqual((whole.rows[0]?.object as ConfigMap | undefined)?.data, { k: 'v', l: 'w' });
  const none = await server.api.table(ConfigMap, { namespace, includeObject: 'None' });
  assert.equal(none.rows[0]?.object, undefined);
});

test('a Scale as a Table', async () => {
  const path = '/apis/apps/v1/namespaces/default/deployments/web/scale';
  const table = (await server.send('GET', path, undefined, asTable)).json<Table>();
  assert.deepEqual(
    table.columnDefinitions.map(({ name }) => name),
    ['Name', 'Desired', 'Available', 'Age'],
  );
  assert.deepEqual(table.rows[0]?.cells, ['web', 3, 0, '90s']);
});

test('one object as a Table, and pages of them', async () => {
  const one = await server.api.table(Deployment, { namespace, name: 'web' });
  assert.deepEqual(one.rows[0]?.cells, ['web', '0/3', 0, 0, '90s', 'main', 'registry.local/app:1', 'app=web']);
  const service = await server.api.table(Service, { namespace, name: 'svc' });
  assert.deepEqual(service.rows[0]?.cells.slice(0, 5), ['svc', 'NodePort', '10.96.9.9', '<none>', '80:30123/TCP']);
  const page = await server.api.table(ConfigMap, { namespace, limit: 1 });
  assert.deepEqual([page.rows.length, page.metadata?.remainingItemCount, typeof page.metadata?.continue], [1, 1, 'string']);
});

test('a row can carry three things, and nothing else', async () => {
  const accept = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
  const answer = await server.send('GET', '/api/v1/namespaces?includeObject=unrecognized', undefined, accept);
  assert.equal(answer.status, 400);
  const why = `includeObject: Invalid value: "unrecognized": must be 'Metadata', 'Object', 'None', or empty`;
  assert.equal(answer.json<{ message: string }>().message, why);
});

test('metadata only', async () => {
  const accept = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io';
  const list = (await server.send('GET', maps, undefined, { accept })).json<{ kind: string; apiVersion: string; items: object[] }>();
  assert.deepEqual([list.kind, list.apiVersion, list.items.length], ['PartialObjectMetadataList', 'meta.k8s.io/v1', 2]);
  assert.deepEqual(Object.keys(list.items[0] ?? {}), ['kind', 'apiVersion', 'metadata']);
  const one = (await server.send('GET', `${maps}/a`, undefined, { accept: accept.replace('List', '') })).json<{
    kind: string;
    data?: object;
  }>();
  assert.deepEqual([one.kind, one.data], ['PartialObjectMetadata', undefined]);
});

test('a form of lists is none of single objects, nor the other way', async () => {
  const told = async (path: string, as: string): Promise<[number, string]> => {
    const { status, text } = await server.send('GET', path, undefined, { accept: `application/json;as=${as};v=v1;g=meta.k8s.io` });
    return [status, (JSON.parse(text) as { message: string }).message];
  };
  const list = 'you requested PartialObjectMetadata, but the requested object is a list (*core.ConfigMapList)';
  const single = 'you requested PartialObjectMetadataList, but the requested object is not a list (*core.ConfigMap)';
  assert.deepEqual(await told(maps, 'PartialObjectMetadata'), [406, list]);
  assert.deepEqual(await told(`${maps}/a`, 'PartialObjectMetadataList'), [406, single]);
});

test('what is deleted together is told in the form that was asked', async () => {
  const removed = await server.send('DELETE', `${maps}?dryRun=All`, undefined, asTable);
  const { kind, rows } = removed.json<{ kind: string; rows: object[] }>();
  assert.deepEqual([removed.status, kind, rows.length], [200, 'Table', 2]);
});

test('writes answer in the form that was asked, and reviews in none but their own', async () => {
  const created = await server.send('POST', `${maps}?dryRun=All`, { metadata: { name: 'c' } }, asTable);
  assert.deepEqual([created.status, created.json<Table>().rows[0]?.cells[0]], [201, 'c']);
  const review = { spec: { resourceAttributes: { verb: 'get', resource: 'pods' } } };
  const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
  const refused = await server.send('POST', path, review, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' });
  assert.equal(refused.status, 406);
  assert.equal((await server.send('POST', path, review, asTable)).json<{ kind: string }>().kind, 'SelfSubjectAccessReview');
});

test('indentation is for people', async () => {
  const compact = await server.send('GET', `${maps}/a`);
  const pretty = await server.send('GET', `${maps}/a?pretty=true`);
  const curl = await server.send('GET', `${maps}/a`, undefined, { 'user-agent': 'curl/8.0' });
  const not = await server.send('GET', `${maps}/a?pretty=false`, undefined, { 'user-agent': 'curl/8.0' });
  assert.equal(compact.text.includes('\n  '), false);
  assert.ok(pretty.text.startsWith('{\n  "'));
  assert.equal(curl.text, pretty.text);
  assert.equal(not.text, compact.text);
  for (const { text, headers } of [compact, pretty, curl]) assert.equal(Number(headers['content-length']), Buffer.byteLength(text));
});

test('every answer carries an audit id and forbids caching', async () => {
  const { headers } = await server.send('GET', maps);
  assert.match(String(headers['audit-id']), /^[0-9a-f-]{36}$/);
  assert.equal(headers['cache-control'], 'no-cache, private');
  assert.equal((await server.send('GET', maps, undefined, { 'audit-id': 'mine' })).headers['audit-id'], 'mine');
});
