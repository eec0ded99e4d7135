import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { seededRandom } from '@keelson/base';
import { loadProtobuf, loadSchemas } from '@keelson/types/schemas';
import { Encoder } from '../testing/protobuf-encoder.ts';
import { RandomObjects } from '../testing/random-objects.ts';
import { decodeProtobuf } from './protobuf.ts';

const seed = Number(process.env.FUZZ_SEED ?? 20_260_301);
const rounds = Number(process.env.FUZZ_ROUNDS ?? 3);

const [schemas, messages] = [await loadSchemas(), await loadProtobuf()];
const encoder = new Encoder(schemas, messages);

/** Discovery is answered, never sent. */
const sent = (typeName: string): boolean => !typeName.startsWith('meta.v1.API');

/** Every kind that has a schema and a message, as `[apiVersion, kind, typeName]`. */
const all = Object.entries(schemas).flatMap(([typeName, schema]) =>
  (schema['x-kubernetes-group-version-kind'] ?? [])
    .filter(() => messages[typeName] !== undefined && sent(typeName))
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

const facts = join(process.env.KEELSON_FACTS ?? join(import.meta.dirname, '../../../../shared/facts'), 'protobuf-fields.tsv');

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
