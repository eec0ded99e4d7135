import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { seededRandom } from '@keelson/base';
import { loadProtobuf, loadSchemas } from '@keelson/types/schemas';
import { startServer } from '../../testing/fixture.ts';
import { Encoder } from '../../testing/protobuf-encoder.ts';
import { RandomObjects } from '../../testing/random-objects.ts';
import { decodeProtobuf } from './protobuf.ts';
import { protobufEncoder } from './protobuf-encode.ts';

const seed = Number(process.env.FUZZ_SEED ?? 20_260_301);
const rounds = Number(process.env.FUZZ_ROUNDS ?? 3);

const [schemas, messages] = [await loadSchemas(), await loadProtobuf()];
const encoder = new Encoder(schemas, messages);

/** Every kind that has a schema and a message, as `[apiVersion, kind, typeName]`. */
const all = Object.entries(schemas).flatMap(([typeName, schema]) =>
  (schema['x-kubernetes-group-version-kind'] ?? [])
    .filter(() => messages[typeName] !== undefined)
    .map(({ group, version, kind }) => [group ? `${group}/${version}` : version, kind, typeName] as const),
);

test('random objects of every kind come out of protobuf as they were', async () => {
  assert.ok(all.length > 130, `only ${all.length} kinds`);
  for (const [apiVersion, kind, typeName] of all) {
    for (let round = 0; round < rounds; round++) {
      const random = seededRandom(seed + round);
      const object = { ...(new RandomObjects(schemas, random).ofType(typeName) as object), apiVersion, kind };
      const decoded = await decodeProtobuf(encoder.envelope(typeName, object), schemas);
      assert.deepEqual(decoded, object, `FUZZ_SEED=${seed + round} ${typeName}`);
    }
  }
});

test('random objects of every kind are written as Go clients write them', async () => {
  const written = await protobufEncoder();
  for (const [apiVersion, kind, typeName] of all) {
    for (let round = 0; round < rounds; round++) {
      const object = { ...(new RandomObjects(schemas, seededRandom(seed + round)).ofType(typeName) as object), apiVersion, kind };
      const bytes = written.object(Buffer.from(JSON.stringify(object)));
      const failed = `FUZZ_SEED=${seed + round} ${typeName}`;
      assert.deepEqual(bytes, encoder.envelope(typeName, object), failed);
      assert.deepEqual(await decodeProtobuf(bytes, schemas), object, failed);
    }
  }
});

test('what watches and lists tell is made once of the same bytes, and others get their turn', async () => {
  const written = await protobufEncoder();
  const podOf = (name: string): Buffer => Buffer.from(JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name } }));
  const json = podOf('a');
  const frame = written.event('ADDED', json);
  const whole = written.object(json);
  const items = [json, ...Array.from({ length: 400 }, (_, at) => podOf(`p${at}`))];
  const head = { apiVersion: 'v1', kind: 'PodList', resourceVersion: '7' };
  let turns = 0;
  setImmediate(() => turns++);
  const list = await written.list(head, items);
  assert.equal(turns, 1);
  const decoded = (await decodeProtobuf(list, schemas)) as { items: { metadata: object }[] };
  assert.deepEqual(
    [decoded.items.length, decoded.items[0], decoded.items[7]],
    [401, { metadata: { name: 'a' } }, { metadata: { name: 'p6' } }],
  );
  for (const item of items) item.fill(0);
  assert.deepEqual(written.event('ADDED', json), frame);
  assert.deepEqual(written.object(json), whole);
  assert.deepEqual(await written.list(head, items), list);
});

test('every kind that is served has a message, and so has its list', async () => {
  const server = await startServer();
  const written = await protobufEncoder();
  let lists = 0;
  for (const { kind, isCustom } of server.server.registry.stores) {
    assert.equal(isCustom, false);
    const bytes = written.object(Buffer.from(JSON.stringify({ apiVersion: kind.apiVersion, kind: kind.kind })));
    assert.deepEqual(await decodeProtobuf(bytes, schemas), { apiVersion: kind.apiVersion, kind: kind.kind });
    const list = messages[`${kind.typeName}List`]?.fields;
    if (!list) continue;
    assert.deepEqual(list, [
      [1, 'metadata', 'opt', 'meta.v1.ListMeta'],
      [2, 'items', 'rep', kind.typeName],
    ]);
    lists++;
  }
  assert.ok(lists > 60, `only ${lists} lists`);
  await server.close();
});

test('what a Go client leaves empty is absent, and what it points to is there', async () => {
  const decode = (kind: string, typeName: string, object: object) =>
    decodeProtobuf(encoder.envelope(typeName, { apiVersion: 'v1', kind, ...object }, { zeroes: true }), schemas);
  const pod = { spec: { containers: [{ name: 'a', livenessProbe: { initialDelaySeconds: 3 } }], terminationGracePeriodSeconds: 0 } };
  assert.deepEqual(await decode('Pod', 'core.v1.Pod', pod), { apiVersion: 'v1', kind: 'Pod', ...pod });
  const claim = { spec: { storageClassName: '', volumeMode: 'Block' } };
  const decoded = await decode('PersistentVolumeClaim', 'core.v1.PersistentVolumeClaim', claim);
  assert.deepEqual(decoded, { apiVersion: 'v1', kind: 'PersistentVolumeClaim', ...claim });
  const volume = { spec: { persistentVolumeReclaimPolicy: 'Retain', awsElasticBlockStore: { volumeID: 'v' } } };
  assert.deepEqual(await decode('PersistentVolume', 'core.v1.PersistentVolume', volume), {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    ...volume,
  });
});

const facts = join(process.env.KEELSON_FACTS ?? join(import.meta.dirname, '../../../../../shared/facts'), 'protobuf-fields.tsv');

test('the fields that bodies are read by have the names of the facts', { skip: !existsSync(facts) && `no ${facts}` }, () => {
  const rows = readFileSync(facts, 'utf8')
    .trimEnd()
    .split('\n')
    .map((row) => row.split('\t'));
  const plain = (name: string): string => name.replaceAll(/[^a-zA-Z]/g, '').toLowerCase();
  let compared = 0;
  for (const [scope = '', message = '', name = '', number = ''] of rows) {
    const typeName = `${scope.replace(/^k8s\.io\.\w+\.pkg\./, '').replace(/^apis\./, '')}.${message}`;
    const field = messages[typeName]?.fields.find((each) => each[0] === Number(number));
    // The fields of an embedded message are the parent's own: it has no name in JSON.
    if (!field || field[1] === '') continue;
    assert.equal(plain(field[1]), plain(name), `${typeName} ${number}`);
    compared++;
  }
  assert.ok(compared > 2_000, `only ${compared} names compared`);
});
