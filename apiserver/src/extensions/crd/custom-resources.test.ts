import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually } from '@keelson/testing';
import { createMemoryStore } from '../../storage/memory/memory.ts';
import { cron, definition, definitions, establish, mergePatch } from '../../testing/custom-resources.ts';
import { type Fixture, startServer } from '../../testing/fixture.ts';

let server: Fixture;
before(async () => {
  server = await startServer();
});
after(() => server.close());

test('an established definition is served like any other kind', async () => {
  const path = await establish(server, 'crons', { names: { plural: 'crons', kind: 'Cron', shortNames: ['cr'], categories: ['all'] } });
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

test('status and scale are subresources where the definition says so', async () => {
  const scale = { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas', labelSelectorPath: '.status.labelSelector' };
  const path = await establish(server, 'scaleds', {}, { subresources: { status: {}, scale } });
  await server.send('POST', path, { ...cron('one', { cronSpec: '1' }), kind: 'Scaled', status: { replicas: 9 } });
  const read = async (): Promise<{ spec: { replicas: number }; status?: object; metadata: { generation: number } }> =>
    (await server.send('GET', `${path}/one`)).json();
  assert.equal((await read()).status, undefined);
  await server.send('PATCH', `${path}/one/status`, { status: { replicas: 3, labelSelector: 'a=b' }, spec: { replicas: 5 } }, mergePatch);
  const after = await read();
  assert.deepEqual([after.status, after.spec.replicas, after.metadata.generation], [{ replicas: 3, labelSelector: 'a=b' }, 1, 1]);
  await server.send('PATCH', `${path}/one/scale`, { spec: { replicas: 4 } }, mergePatch);
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
  const path = await establish(server, 'shows', {}, { additionalPrinterColumns: columns });
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
  await establish(server, 'takens', { names: { plural: 'takens', kind: 'Taken', shortNames: ['tk'] } });
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
  const path = await establish(server, 'seens');
  const watched = server.send('GET', `${path}?watch=true`);
  await server.send('DELETE', `${definitions}/seens.stable.example.com`);
  assert.equal((await watched).status, 200);
  assert.equal((await server.send('GET', path)).status, 404);
});

test('one that is sealed and cannot be opened keeps its deleted definition', async () => {
  const path = await establish(server, 'sealeds', { names: { plural: 'sealeds', kind: 'Sealed' } });
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
  const path = await establish(server, 'gones');
  await server.send('POST', path, { ...cron('one', { cronSpec: '7' }), kind: 'Gone' });
  const deleted = await server.send('DELETE', `${definitions}/gones.stable.example.com`);
  assert.equal(deleted.status, 200);
  await eventually(async () => (await server.send('GET', `${definitions}/gones.stable.example.com`)).status === 404, {
    message: 'the definition is gone',
  });
  await eventually(async () => (await server.send('GET', path)).status === 404, { message: 'nothing is served' });
  const again = await establish(server, 'gones');
  assert.deepEqual((await server.send('GET', again)).json<{ items: unknown[] }>().items, []);
});

test('what is defined is published, and published no more when it is gone', async () => {
  const schema = {
    type: 'object',
    description: 'A thing.',
    properties: { spec: { type: 'object', properties: { n: { type: 'integer' } } } },
  };
  await establish(server, 'tells', {}, { schema: { openAPIV3Schema: schema } });
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

test('a definition that is going away takes no more objects', async () => {
  const path = await establish(server, 'leavings');
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

test('a definition that is marked for deletion is no other version of what is wanted, and holds its name', async () => {
  const held = { ...definition('helds'), metadata: { name: 'helds.stable.example.com', finalizers: ['example.com/mine'] } };
  const path = `${definitions}/helds.stable.example.com`;
  await server.send('POST', definitions, held);
  await server.send('DELETE', path);
  const { metadata } = (await server.send('GET', path)).json<{ metadata: { generation: number; deletionTimestamp?: string } }>();
  assert.deepEqual([metadata.generation, metadata.deletionTimestamp === undefined], [1, false]);
  const again = await server.send('POST', definitions, held);
  const why = 'customresourcedefinitions.apiextensions.k8s.io "helds.stable.example.com" already exists';
  assert.deepEqual([again.status, again.json<{ message: string }>().message], [409, `object is being deleted: ${why}`]);
});

test('discovery tells the status before the scale, and of what goes no verbs that bring more', async () => {
  const scale = { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' };
  const path = await establish(server, 'leaves', {}, { subresources: { status: {}, scale } });
  const told = async (): Promise<object> => {
    const { resources } = (await server.send('GET', '/apis/stable.example.com/v1')).json<{
      resources: { name: string; verbs: string[] }[];
    }>();
    return Object.fromEntries(resources.filter(({ name }) => name.startsWith('leaves')).map(({ name, verbs }) => [name, verbs.join(' ')]));
  };
  const parts = { 'leaves/status': 'get patch update', 'leaves/scale': 'get patch update' };
  const before = await told();
  assert.deepEqual(before, { leaves: 'delete deletecollection get list patch create update watch', ...parts });
  assert.deepEqual(Object.keys(before), ['leaves', 'leaves/status', 'leaves/scale']);
  const held = {
    apiVersion: 'stable.example.com/v1',
    kind: 'Leave',
    metadata: { name: 'one', finalizers: ['a.b/c'] },
    spec: { cronSpec: '1' },
  };
  assert.equal((await server.send('POST', path, held)).status, 201);
  await server.send('DELETE', `${definitions}/leaves.stable.example.com`);
  const left = { leaves: 'delete deletecollection get list watch', ...parts };
  await eventually(async () => JSON.stringify(await told()) === JSON.stringify(left), { message: 'fewer verbs are told' });
  await server.send('PATCH', `${path}/one`, { metadata: { finalizers: null } }, mergePatch);
});

test('where nothing is said of versions that were ever stored, the one that is stored is meant', async () => {
  await establish(server, 'keeps');
  const { status } = await server.send(
    'PATCH',
    `${definitions}/keeps.stable.example.com/status`,
    { status: { storedVersions: [] } },
    mergePatch,
  );
  assert.equal(status, 200);
  const found = (await server.send('GET', `${definitions}/keeps.stable.example.com`)).json<{ status: { storedVersions: string[] } }>();
  assert.deepEqual(found.status.storedVersions, ['v1']);
});

test('a definition that goes says how far it is, and that nothing of it is left', async () => {
  const path = await establish(server, 'goings');
  const at = `${definitions}/goings.stable.example.com`;
  await server.send('PATCH', at, { metadata: { finalizers: ['example.com/hold'] } }, mergePatch);
  const held = { ...cron('held', { cronSpec: '1' }), kind: 'Going', metadata: { name: 'held', finalizers: ['example.com/hold'] } };
  await server.send('POST', path, held);
  const terminating = async (): Promise<unknown> => {
    const { status } = (await server.send('GET', at)).json<{
      status: { conditions: { type: string; status: string; reason: string }[] };
    }>();
    return status.conditions
      .filter(({ type }) => type === 'Terminating')
      .map(({ status, reason }) => `${status} ${reason}`)
      .join();
  };
  const deleted = (await server.send('DELETE', at)).json<{ status: { conditions: { reason: string }[] } }>();
  assert.equal(deleted.status.conditions.at(-1)?.reason, 'InstanceDeletionPending');
  await eventually(async () => (await terminating()) === 'True InstanceDeletionInProgress', { message: 'its objects are being deleted' });
  await server.send('PATCH', `${path}/held`, { metadata: { finalizers: null } }, mergePatch);
  await eventually(async () => (await terminating()) === 'False InstanceDeletionCompleted', { message: 'none is left' });
  await server.send('PATCH', at, { metadata: { finalizers: null } }, mergePatch);
  assert.equal((await server.send('GET', at)).status, 404);
});

test('a definition whose webhook nobody can trust is not established', async () => {
  const clientConfig = { url: 'https://example.com', caBundle: 'aGk=' };
  const conversion = { strategy: 'Webhook', webhook: { conversionReviewVersions: ['v1'], clientConfig } };
  const at = `${definitions}/doubts.stable.example.com`;
  assert.equal((await server.send('POST', definitions, definition('doubts', { conversion }))).status, 201);
  const established = async (): Promise<string | undefined> =>
    (await server.send('GET', at))
      .json<{ status: { conditions: { type: string; reason: string }[] | null } }>()
      .status.conditions?.find(({ type }) => type === 'Established')?.reason;
  await eventually(async () => (await established()) === 'InvalidCABundle', { message: 'it says why it is not established' });
  await server.send('PATCH', at, { spec: { conversion: { strategy: 'None', webhook: null } } }, mergePatch);
  await eventually(async () => (await established()) === 'InitialNamesAccepted', { message: 'it is established' });
});

test('finalizers of definitions need not say whose they are', async () => {
  const { metadata, spec } = definition('finals');
  const made = await server.send('POST', `${definitions}?dryRun=All`, { metadata: { ...metadata, finalizers: ['x'] }, spec });
  assert.equal(made.status, 201, made.text);
});
