import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ClientResponse } from '@keelson/client';
import { eventually, SimulatedClock } from '@keelson/testing';
import { ConfigMap, Pod, ServiceAccount, type Status } from '@keelson/types';
import { type Fixture, podOf, startServer } from '../testing/fixture.ts';

const clock = new SimulatedClock();
let server: Fixture;
before(async () => {
  server = await startServer({ clock });
  await server.api.create(ServiceAccount, { metadata: { name: 'default', namespace } });
});
after(() => server.close());

const namespace = 'default';
const merge = 'application/merge-patch+json';
const maps = '/api/v1/namespaces/default/configmaps';

interface Line {
  readonly type: string;
  readonly object: ConfigMap & { code?: number; message?: string; rows?: unknown[]; columnDefinitions?: unknown[] };
}

/** A watch whose lines gather as they come. */
class Watching {
  readonly lines: Line[] = [];
  readonly response: ClientResponse;
  ended = false;
  #rest = '';

  constructor(response: ClientResponse) {
    this.response = response;
    this.#read().then(
      () => (this.ended = true),
      () => (this.ended = true),
    );
  }

  async #read(): Promise<void> {
    for await (const chunk of this.response.chunks) {
      const lines = (this.#rest + chunk.toString()).split('\n');
      this.#rest = lines.pop() ?? '';
      for (const line of lines) this.lines.push(JSON.parse(line) as Line);
    }
  }

  /** `ADDED a`, `BOOKMARK`, … */
  get told(): string[] {
    return this.lines.map(({ type, object }) => `${type} ${object.metadata.name ?? ''}`.trim());
  }

  async tells(expected: readonly string[]): Promise<void> {
    await eventually(() => this.lines.length >= expected.length, { message: `watch tells ${expected}; it told ${this.told}` });
    assert.deepEqual(this.told, expected);
  }

  close(): void {
    this.response.destroy();
  }
}

async function watch(query: string, path = maps, headers: Record<string, string> = {}): Promise<Watching> {
  return new Watching(await server.transport().send({ method: 'GET', path: `${path}?watch=1&${query}`, headers }));
}

const create = (name: string, labels: Record<string, string> = {}): Promise<ConfigMap> =>
  server.api.create(ConfigMap, { metadata: { name, namespace, labels } });
const relabel = (name: string, labels: object): Promise<ConfigMap> =>
  server.api.patch(ConfigMap, { name, namespace }, merge, { metadata: { labels } });
const remove = (name: string): Promise<unknown> => server.api.delete(ConfigMap, { name, namespace });
const now = async (): Promise<string> => (await server.api.list(ConfigMap)).metadata.resourceVersion ?? '';

test('without a resourceVersion: what is there, then what changes', async () => {
  await create('there');
  const watching = await watch('');
  await create('new');
  await relabel('new', { a: 'b' });
  await remove('new');
  await watching.tells(['ADDED there', 'ADDED new', 'MODIFIED new', 'DELETED new']);
  const versions = watching.lines.map(({ object }) => Number(object.metadata.resourceVersion));
  assert.deepEqual(
    versions,
    versions.toSorted((a, b) => a - b),
    'a DELETED object carries the revision of its deletion',
  );
  assert.deepEqual(watching.lines[3]?.object.metadata.labels, { a: 'b' }, 'and its last state');
  watching.close();
  await remove('there');
});

test('from a resourceVersion: everything after it, once', async () => {
  const from = await now();
  await create('a');
  const middle = (await relabel('a', { x: '1' })).metadata.resourceVersion;
  await remove('a');
  const whole = await watch(`resourceVersion=${from}`);
  const half = await watch(`resourceVersion=${middle}`);
  await create('b');
  await whole.tells(['ADDED a', 'MODIFIED a', 'DELETED a', 'ADDED b']);
  await half.tells(['DELETED a', 'ADDED b']);
  for (const watching of [whole, half]) watching.close();
  await remove('b');
});

test('objects that begin or cease to match are ADDED and DELETED', async () => {
  const watching = await watch(`resourceVersion=${await now()}&labelSelector=tier%3Dfront`);
  await create('tiered', { tier: 'back' });
  await relabel('tiered', { tier: 'front' });
  await relabel('tiered', { more: 'x' });
  await relabel('tiered', { tier: 'back' });
  await relabel('tiered', { tier: 'front' });
  await remove('tiered');
  await watching.tells(['ADDED tiered', 'MODIFIED tiered', 'DELETED tiered', 'ADDED tiered', 'DELETED tiered']);
  assert.deepEqual(watching.lines[2]?.object.metadata.labels, { tier: 'front', more: 'x' }, 'the last state that matched');
  watching.close();
});

test('a pod that is bound appears to the watcher of its node', async () => {
  const { api } = server;
  const path = '/api/v1/pods';
  const bound = await watch(`fieldSelector=spec.nodeName%3Dn1`, path);
  const waiting = await watch(`fieldSelector=spec.nodeName%3D`, path);
  await api.create(Pod, podOf('p', { metadata: { namespace } }) as Pod);
  const answer = await server.send('POST', '/api/v1/namespaces/default/pods/p/binding', {
    metadata: { name: 'p' },
    target: { kind: 'Node', name: 'n1' },
  });
  assert.equal(answer.status, 201, answer.text);
  await bound.tells(['ADDED p']);
  await waiting.tells(['ADDED p', 'DELETED p']);
  const { status } = (bound.lines[0] as Line).object as unknown as Pod;
  const [condition] = status?.conditions ?? [];
  assert.deepEqual([condition?.type, condition?.status], ['PodScheduled', 'True']);
  for (const watching of [bound, waiting]) watching.close();
});

test('one object by name, and the old /watch/ paths', async () => {
  const named = await watch('fieldSelector=metadata.name%3Dsingle');
  const old = new Watching(await server.transport().send({ method: 'GET', path: '/api/v1/watch/namespaces/default/configmaps/single' }));
  await create('other');
  await create('single');
  await named.tells(['ADDED single']);
  await old.tells(['ADDED single']);
  for (const watching of [named, old]) watching.close();
  for (const name of ['other', 'single']) await remove(name);
});

test('bookmarks come every minute, and tell how far the watch has come', async () => {
  const watching = await watch(`resourceVersion=${await now()}&allowWatchBookmarks=true`);
  await server.api.create(ServiceAccount, { metadata: { name: 'elsewhere', namespace } });
  const version = (await server.api.list(ServiceAccount)).metadata.resourceVersion;
  await clock.advance(60_000);
  await watching.tells(['BOOKMARK']);
  assert.deepEqual(watching.lines[0]?.object, {
    kind: 'ConfigMap',
    apiVersion: 'v1',
    metadata: { resourceVersion: version },
  });
  watching.close();
});

test('bookmarks are of the kind that is watched: of metadata, where only metadata is', async () => {
  const headers = { accept: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1' };
  const path = `${maps}?watch=1&resourceVersion=${await now()}&allowWatchBookmarks=true`;
  const watching = new Watching(await server.transport().send({ method: 'GET', path, headers }));
  await clock.advance(60_000);
  await watching.tells(['BOOKMARK']);
  const object = watching.lines[0]?.object as { kind?: string; apiVersion?: string } | undefined;
  assert.deepEqual([object?.kind, object?.apiVersion], ['PartialObjectMetadata', 'meta.k8s.io/v1']);
  watching.close();
});

test('sendInitialEvents: state first, then a bookmark that says so', async () => {
  for (const name of ['i1', 'i2']) await create(name);
  const watching = await watch('sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true');
  await watching.tells(['ADDED i1', 'ADDED i2', 'BOOKMARK']);
  assert.equal(watching.lines[2]?.object.metadata.annotations?.['k8s.io/initial-events-end'], 'true');
  const old = await watch('resourceVersion=0&allowWatchBookmarks=true');
  await old.tells(['ADDED i1', 'ADDED i2', 'BOOKMARK']);
  old.close();
  await create('i3');
  await watching.tells(['ADDED i1', 'ADDED i2', 'BOOKMARK', 'ADDED i3']);
  const none = await watch('sendInitialEvents=false&resourceVersionMatch=NotOlderThan');
  await remove('i3');
  await none.tells(['DELETED i3']);
  for (const open of [watching, none]) open.close();
  for (const name of ['i1', 'i2']) await remove(name);
});

test('options of a watch that contradict each other', async () => {
  const refused = async (query: string, code: number, message: RegExp): Promise<void> => {
    const answer = await server.send('GET', `${maps}?watch=1&${query}`);
    assert.deepEqual([answer.status, message.test(answer.json<Status>().message ?? '')], [code, true], answer.text);
  };
  await refused(
    'sendInitialEvents=true',
    422,
    /resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan/,
  );
  await refused(
    'resourceVersionMatch=NotOlderThan',
    422,
    /resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided/,
  );
  for (const version of ['', '0'])
    await refused(`continue=x&resourceVersion=${version}`, 422, /resourceVersionMatch is forbidden when continue is provided/);
  await refused('resourceVersion=abc', 400, /^resourceVersion: Invalid value: "abc": .*invalid syntax$/);
  await refused('timeoutSeconds=soon', 400, /invalid syntax/);
  await refused('labelSelector=%3D', 400, /^found '='|^unable to parse/);
  assert.equal((await server.send('GET', `${maps}?watch=1`, undefined, { accept: 'application/yaml' })).status, 406);
});

test('a watch ends when its time is up', async () => {
  const watching = await watch(`resourceVersion=${await now()}&timeoutSeconds=5`);
  await clock.advance(4_900);
  assert.equal(watching.ended, false);
  await clock.advance(200);
  await eventually(() => watching.ended);
  const endless = await watch(`resourceVersion=${await now()}`);
  await clock.advance(30 * 60_000 - 1);
  assert.equal(endless.ended, false);
  await clock.advance(30 * 60_000);
  await eventually(() => endless.ended);
});

test('history that is gone is told as an ERROR event', async () => {
  const from = await now();
  for (const round of [1, 2]) {
    for (let n = 0; n < 1_200; n++)
      await server.api.patch(ConfigMap, { name: 'churn', namespace }, merge, { data: { n: String(n) } }).catch(() => create('churn'));
    if (round === 1) await clock.advance(80_000);
  }
  const watching = await watch(`resourceVersion=${from}`);
  await eventually(() => watching.ended);
  const { type, object } = watching.lines[0] as Line;
  assert.deepEqual([watching.lines.length, type, object.code, object.kind], [1, 'ERROR', 410, 'Status']);
  assert.match(object.message ?? '', /^too old resource version: \d+ \(\d+\)$/);
  await remove('churn');
});

test('a watcher that does not read is cut, and nobody else notices', async () => {
  const slow = await server.transport().send({ method: 'GET', path: `${maps}?watch=1` });
  const quick = await watch('');
  const filler = 'x'.repeat(900_000);
  await create('big');
  for (let n = 0; n < 30; n++) await server.api.patch(ConfigMap, { name: 'big', namespace }, merge, { data: { k: `${n}${filler}` } });
  await eventually(() => quick.lines.length === 31);
  await assert.rejects(async () => {
    for await (const _chunk of slow.chunks);
  });
  const { resourceVersion } = quick.lines[10]?.object.metadata ?? {};
  const resumed = await watch(`resourceVersion=${resourceVersion}`);
  await eventually(() => resumed.lines.length === 20);
  for (const watching of [quick, resumed]) watching.close();
  await remove('big');
});

test('tables and metadata are watched too, columns in the first event only', async () => {
  const headers = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
  const tables = await watch(`resourceVersion=${await now()}`, maps, headers);
  const metadata = await watch(`resourceVersion=${await now()}`, maps, {
    accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io',
  });
  await create('t1', { a: 'b' });
  await relabel('t1', { c: 'd' });
  await eventually(() => tables.lines.length === 2 && metadata.lines.length === 2);
  assert.deepEqual(
    tables.lines.map(({ object }) => [object.kind, (object.columnDefinitions ?? []).length, (object.rows ?? []).length]),
    [
      ['Table', 3, 1],
      ['Table', 0, 1],
    ],
  );
  assert.deepEqual(
    [metadata.lines[0]?.object.kind, metadata.lines[0]?.object.metadata.labels, metadata.lines[0]?.object.data],
    ['PartialObjectMetadata', { a: 'b' }, undefined],
  );
  for (const watching of [tables, metadata]) watching.close();
  await remove('t1');
});
