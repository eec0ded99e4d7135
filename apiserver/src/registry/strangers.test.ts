import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigMap, Pod } from '@keelson/types';
import { loadProtobuf, loadSchemas } from '@keelson/types/schemas';
import { createMemoryStore } from '../storage/memory/memory.ts';
import { TranslatingStore } from '../storage/translating.ts';
import { podOf, startServer } from '../testing/fixture.ts';
import { Encoder } from '../testing/protobuf-encoder.ts';
import { fromStrangers } from './strangers.ts';

const encoder = new Encoder(await loadSchemas(), await loadProtobuf());
const kinds: Record<string, { kind: string; apiVersion: string }> = {
  pods: { kind: 'Pod', apiVersion: 'v1' },
  configmaps: { kind: 'ConfigMap', apiVersion: 'v1' },
};
const translate = fromStrangers((key) => kinds[key.split('/')[2] ?? '']);
const common = { namespace: 'default', uid: 'u1', creationTimestamp: '2026-01-01T00:00:00Z' };

test('what upstream has put into the store is read, listed, watched and changed as if it were ours', async (t) => {
  const inner = createMemoryStore();
  const made = podOf('old') as Pod;
  const pod = { ...made, apiVersion: 'v1', kind: 'Pod', metadata: { ...common, name: 'old', labels: { a: 'b' } } };
  await inner.create('/registry/pods/default/old', encoder.envelope('core.v1.Pod', pod, { zeroes: true }));
  const map = { kind: 'ConfigMap', apiVersion: 'v1', metadata: { ...common, name: 'map' }, data: { x: '1' } };
  await inner.create('/registry/configmaps/default/map', Buffer.from(`${JSON.stringify(map)}\n`));
  const server = await startServer({ store: new TranslatingStore(inner, translate), disabledAdmission: ['ServiceAccount'] });
  t.after(() => server.close());
  const { api } = server;

  const { items } = await api.list(Pod, { namespace: 'default', labelSelector: 'a=b' });
  assert.deepEqual(
    items.map(({ metadata, spec }) => [metadata.name, metadata.uid, spec.containers[0]?.name]),
    [['old', 'u1', pod.spec?.containers?.[0]?.name]],
  );
  const found = await api.get(ConfigMap, { namespace: 'default', name: 'map' });
  assert.deepEqual([found.kind, found.apiVersion, found.data], ['ConfigMap', 'v1', { x: '1' }]);
  await api.update(ConfigMap, { ...found, data: { x: '2' } });
  assert.match(String((await inner.get('/registry/configmaps/default/map'))?.value), /^\{"metadata":\{"resourceVersion":"","/);
  await api.delete(Pod, { namespace: 'default', name: 'old' }, { gracePeriodSeconds: 0 });
  assert.deepEqual((await api.list(Pod, { namespace: 'default' })).items, []);
});

test('an object of an older server gets the defaults of this one, where it is of the kind that lies there', async () => {
  const defaults = (object: object): void => void Object.assign(object, { spec: { suspend: false } });
  const translated = fromStrangers(() => ({ kind: 'Job', apiVersion: 'batch/v1', defaults }));
  const stored = (kind: string): Buffer => Buffer.from(JSON.stringify({ kind, apiVersion: 'batch/v1', metadata: { name: 'a' } }));
  const specOf = async (kind: string): Promise<unknown> => JSON.parse(String(await translated('/registry/jobs/a/a', stored(kind)))).spec;
  assert.deepEqual([await specOf('Job'), await specOf('Other')], [{ suspend: false }, undefined]);
});

test('an object that cannot be completed stays the same Buffer', async () => {
  const defaults = (): void => {
    throw new TypeError('no spec');
  };
  const value = Buffer.from('{"kind":"Job","apiVersion":"batch/v1","metadata":{"name":"a"}}');
  const translated = fromStrangers(() => ({ kind: 'Job', apiVersion: 'batch/v1', defaults }));
  assert.equal(await translated('/registry/jobs/a/a', value), value);
});

test('what cannot be read is left out, at the start and later, and disturbs nothing else', async (t) => {
  const inner = createMemoryStore();
  const level = '/registry/prioritylevelconfigurations/old';
  await inner.create(level, Buffer.from('k8s\0nonsense'));
  await inner.create('/registry/configmaps/default/broken', Buffer.from('{"metadata":{"resourceVersion":"","name'));
  const server = await startServer({ store: new TranslatingStore(inner, translate) });
  t.after(() => server.close());
  const names = async (): Promise<unknown[]> =>
    (await server.api.list(ConfigMap, { namespace: 'default' })).items.map(({ metadata }) => metadata.name);
  await server.api.create(ConfigMap, { metadata: { name: 'whole', namespace: 'default' } });
  await inner.create('/registry/configmaps/default/later', Buffer.from('12'));
  await inner.create('/registry/configmaps/default/kindless', Buffer.from('{"metadata":{"name":"kindless","namespace":"default"}}'));
  await server.api.create(ConfigMap, { metadata: { name: 'next', namespace: 'default' } });
  const seen = (await names()).filter((name) => name !== 'kube-root-ca.crt');
  assert.deepEqual(seen, ['next', 'whole']);
  assert.ok(await inner.get(level));
});

test('what is ours, and what is no object, stays the same Buffer', async () => {
  assert.equal(translate('/registry/pods/a/b', Buffer.from('{"metadata":{"resourceVersion":"","name":"b"},"kind":"Pod"}')), undefined);
  for (const text of ['', '12', '{"a":1}', 'k8s\0nonsense', '{']) {
    const value = Buffer.from(text);
    assert.equal(await translate('/registry/ranges/serviceips', value), value);
  }
});
