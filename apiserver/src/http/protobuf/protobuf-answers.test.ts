import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ClientResponse } from '@keelson/client';
import { eventually, SimulatedClock } from '@keelson/testing';
import { ConfigMap, ServiceAccount } from '@keelson/types';
import { loadSchemas } from '@keelson/types/schemas';
import { deploymentOf, type Fixture, startServer } from '../../testing/fixture.ts';
import { decodeProtobuf } from './protobuf.ts';
import { Reader } from './protobuf-wire.ts';

const type = 'application/vnd.kubernetes.protobuf';
const metadataType = `${type};as=PartialObjectMetadata;g=meta.k8s.io;v=v1`;
const tableType = `${type};as=Table;g=meta.k8s.io;v=v1`;
const namespace = 'default';
const maps = '/api/v1/namespaces/default/configmaps';
const deployments = '/apis/apps/v1/namespaces/default/deployments';
const customs = '/apis/mygroup.example.com/v1/noxus';

const schemas = await loadSchemas();
const clock = new SimulatedClock();
let server: Fixture;
before(async () => {
  server = await startServer({ clock });
  await server.api.create(ServiceAccount, { metadata: { name: 'default', namespace } });
  assert.equal((await server.send('POST', deployments, deploymentOf('web'))).status, 201);
  for (const name of ['a', 'b'])
    await server.api.create(ConfigMap, {
      metadata: { name, namespace, labels: { of: name } },
      data: { k: name },
      binaryData: { b: 'AAEC' },
    });
  await defineCustom();
});
after(() => server.close());

async function defineCustom(): Promise<void> {
  const version = { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } };
  const spec = { group: 'mygroup.example.com', scope: 'Cluster', names: { plural: 'noxus', kind: 'Noxu' }, versions: [version] };
  const body = { metadata: { name: 'noxus.mygroup.example.com' }, spec };
  assert.equal((await server.send('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', body)).status, 201);
  await eventually(async () => (await server.send('GET', customs)).status === 200);
  const custom = { apiVersion: 'mygroup.example.com/v1', kind: 'Noxu', metadata: { name: 'one' } };
  assert.equal((await server.send('POST', customs, custom)).status, 201);
}

interface Read {
  readonly status: number;
  readonly type: string;
  /** In its JSON form. */
  readonly object: Record<string, unknown> & { metadata: Record<string, unknown>; items: object[] };
}

async function ask(method: 'DELETE' | 'GET' | 'POST' | 'PUT', path: string, body?: object, accept = type): Promise<Read> {
  const { status, headers, bytes } = await server.send(method, path, body, { accept });
  const object = (bytes[0] === 0x6b ? await decodeProtobuf(bytes, schemas) : JSON.parse(bytes.toString())) as Read['object'];
  return { status, type: String(headers['content-type']), object };
}

test('objects and lists say in protobuf what they say in JSON', async () => {
  for (const path of [`${maps}/a`, `${deployments}/web`, `${deployments}/web/scale`, deployments, '/api/v1/namespaces']) {
    const answer = await ask('GET', path);
    assert.deepEqual([answer.status, answer.type], [200, type], path);
    assert.deepEqual(answer.object, (await ask('GET', path, undefined, 'application/json')).object, path);
  }
  const page = await ask('GET', `${maps}?limit=1`, undefined, `${type},application/json`);
  assert.deepEqual([page.object.items.length, page.object.metadata.remainingItemCount], [1, 1]);
  assert.equal(typeof page.object.metadata.continue, 'string');
  const { object: none } = await ask('GET', '/api/v1/pods');
  assert.deepEqual([none.kind, none.items, typeof none.metadata.resourceVersion], ['PodList', undefined, 'string']);
});

test('the envelope is as upstream’s', async () => {
  const { bytes } = await server.send('GET', `${deployments}/web`, undefined, { accept: type });
  assert.deepEqual([...bytes.subarray(0, 4)], [0x6b, 0x38, 0x73, 0]);
  const unknown = new Reader(bytes.subarray(4)).fields();
  assert.deepEqual([...unknown.keys()], [1, 2, 3, 4]);
  const typeMeta = new Reader(unknown.get(1)?.[0] as Buffer).fields();
  assert.deepEqual([String(typeMeta.get(1)), String(typeMeta.get(2))], ['apps/v1', 'Deployment']);
  assert.deepEqual([String(unknown.get(3)), String(unknown.get(4))], ['', '']);
});

test('writes are answered in protobuf, and so is what went wrong', async () => {
  const made = await ask('POST', maps, { metadata: { name: 'new' }, data: { a: '' } });
  assert.deepEqual([made.status, made.type, made.object.kind, made.object.data], [201, type, 'ConfigMap', { a: '' }]);
  const again = await ask('POST', maps, { metadata: { name: 'new' } });
  assert.deepEqual([again.status, again.type, again.object.kind, again.object.apiVersion], [409, type, 'Status', 'v1']);
  assert.deepEqual([again.object.reason, again.object.code], ['AlreadyExists', 409]);
  const gone = await ask('DELETE', `${maps}/new`);
  assert.deepEqual([gone.status, gone.object.kind, gone.object.status], [200, 'Status', 'Success']);
  const missing = await ask('GET', `${maps}/new`);
  assert.deepEqual([missing.type, missing.object.details], [type, { name: 'new', kind: 'configmaps' }]);
  const token = await ask('POST', '/api/v1/namespaces/default/serviceaccounts/default/token', { spec: { audiences: [] } });
  assert.deepEqual([token.status, token.type, token.object.kind], [201, type, 'TokenRequest']);
  const refused = await server.sendAnonymous('GET', maps, undefined, { accept: type });
  assert.deepEqual([refused.status, refused.headers['content-type']], [403, type]);
});

test('metadata alone comes in protobuf, of custom resources too', async () => {
  const one = await ask('GET', `${maps}/a`, undefined, metadataType);
  assert.deepEqual([one.type, one.object.apiVersion, one.object.kind], [type, 'meta.k8s.io/v1', 'PartialObjectMetadata']);
  assert.deepEqual([one.object.metadata.labels, one.object.data], [{ of: 'a' }, undefined]);
  const list = await ask('GET', customs, undefined, metadataType.replace('Metadata', 'MetadataList'));
  assert.deepEqual([list.type, list.object.kind, list.object.items.length], [type, 'PartialObjectMetadataList', 1]);
  const older = await server.send('GET', maps, undefined, {
    accept: metadataType.replace('Metadata', 'MetadataList').replace('v=v1', 'v=v1beta1'),
  });
  const raw = new Reader(older.bytes.subarray(4)).fields().get(2)?.[0] as Buffer;
  assert.equal(new Reader(raw).fields().get(1)?.length, 2);
});

test('what there is no message for is told in JSON, or not at all', async () => {
  for (const accept of [`${type},application/json`, `${type}, */*`])
    assert.deepEqual((await ask('GET', `${customs}/one`, undefined, accept)).type, 'application/json');
  for (const [path, accept, told] of [
    [customs, type, type],
    [`${customs}/one`, type, type],
    [`${customs}?watch=1`, type, type],
    [maps, tableType, 'application/json'],
    [`${maps}?watch=1`, tableType, 'application/json'],
  ] as const) {
    const answer = await ask('GET', path, undefined, accept);
    assert.deepEqual([answer.status, answer.object.reason, answer.type], [406, 'NotAcceptable', told], `${path} ${accept}`);
    const message = 'only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf';
    assert.equal(answer.object.message, message);
  }
  const table = await ask('GET', maps, undefined, `${tableType},application/json;as=Table;g=meta.k8s.io;v=v1`);
  assert.deepEqual([table.type, table.object.kind], ['application/json', 'Table']);
});

/** Frames as they come: four bytes of length, then a WatchEvent. */
class Watching {
  readonly events: Array<readonly [type: string, object: Read['object']]> = [];
  readonly response: ClientResponse;
  #rest = Buffer.alloc(0);

  constructor(response: ClientResponse) {
    this.response = response;
    this.#read().catch(() => undefined);
  }

  async #read(): Promise<void> {
    for await (const chunk of this.response.chunks) {
      this.#rest = Buffer.concat([this.#rest, chunk]);
      while (this.#rest.length >= 4 && this.#rest.length >= 4 + this.#rest.readUInt32BE()) {
        const end = 4 + this.#rest.readUInt32BE();
        const event = new Reader(this.#rest.subarray(4, end)).fields();
        const object = new Reader(event.get(2)?.[0] as Buffer).fields().get(1)?.[0] as Buffer;
        this.#rest = this.#rest.subarray(end);
        this.events.push([String(event.get(1)), (await decodeProtobuf(object, schemas)) as Read['object']]);
      }
    }
  }

  async tells(expected: readonly string[]): Promise<void> {
    const told = (): string[] => this.events.map(([what, { kind, metadata }]) => `${what} ${kind} ${metadata.name ?? ''}`.trim());
    await eventually(() => told().length >= expected.length, { message: `${expected}; it told ${told()}` });
    assert.deepEqual(told(), expected);
  }
}

async function watch(query: string, path = maps, accept = `${type};stream=watch`): Promise<Watching> {
  const watching = new Watching(await server.transport().send({ method: 'GET', path: `${path}?watch=1&${query}`, headers: { accept } }));
  assert.equal(watching.response.headers['content-type'], `${type};stream=watch`);
  return watching;
}

test('watches tell events, bookmarks and errors in frames', async () => {
  const first = await watch('allowWatchBookmarks=1&sendInitialEvents=1&resourceVersionMatch=NotOlderThan');
  await first.tells(['ADDED ConfigMap a', 'ADDED ConfigMap b', 'BOOKMARK ConfigMap']);
  assert.deepEqual(first.events[2]?.[1].metadata.annotations, { 'k8s.io/initial-events-end': 'true' });
  const second = await watch(`resourceVersion=${first.events[2]?.[1].metadata.resourceVersion}`);
  const json = await server.transport().send({ method: 'GET', path: `${maps}?watch=1&resourceVersion=0` });
  const metadata = await watch('labelSelector=of=c', maps, metadataType);
  await server.api.create(ConfigMap, { metadata: { name: 'c', namespace, labels: { of: 'c' } }, data: { k: 'c' } });
  await server.api.delete(ConfigMap, { name: 'c', namespace });
  await second.tells(['ADDED ConfigMap c', 'DELETED ConfigMap c']);
  await first.tells(['ADDED ConfigMap a', 'ADDED ConfigMap b', 'BOOKMARK ConfigMap', 'ADDED ConfigMap c', 'DELETED ConfigMap c']);
  await metadata.tells(['ADDED PartialObjectMetadata c', 'DELETED PartialObjectMetadata c']);
  assert.deepEqual([second.events[0]?.[1].data, metadata.events[0]?.[1].data], [{ k: 'c' }, undefined]);
  assert.equal(json.headers['content-type'], 'application/json');
  for (const { response } of [first, second, metadata]) response.destroy();
  json.destroy();
  const custom = await watch('', customs, metadataType);
  await custom.tells(['ADDED PartialObjectMetadata one']);
  custom.response.destroy();
});

test('a watch in YAML is refused with what streams there are', async () => {
  const answer = await server.send('GET', `${maps}?watch=1`, undefined, { accept: 'application/yaml' });
  const types = /: application\/json;stream=watch,\s+application\/vnd\.kubernetes\.protobuf;stream=watch/;
  assert.deepEqual([answer.status, answer.headers['content-type']], [406, 'application/yaml']);
  assert.match(answer.text, types);
});
