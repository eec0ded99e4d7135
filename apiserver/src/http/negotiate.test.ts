import assert from 'node:assert/strict';
import { test } from 'node:test';
import { negotiate, statusEncoding } from './negotiate.ts';

const json = { as: 'Object', encoding: 'json', version: 'v1' };

test('JSON is what clients get that do not mind', () => {
  for (const accept of [
    undefined,
    '',
    '*/*',
    'application/json',
    'application/*',
    'text/html,*/*;q=0.8',
    'application/json, application/vnd.kubernetes.protobuf',
    'application/vnd.kubernetes.protobuf;q=0.5,application/json',
  ])
    assert.deepEqual(negotiate(accept), json, accept);
});

test('protobuf is what clients get that name it first, or want it more', () => {
  for (const accept of [
    'application/vnd.kubernetes.protobuf',
    'application/vnd.kubernetes.protobuf, */*',
    '*/*, application/vnd.kubernetes.protobuf',
    'application/*, application/vnd.kubernetes.protobuf;q=0.9',
    'application/vnd.kubernetes.protobuf,application/json',
    'application/vnd.kubernetes.protobuf;stream=watch,application/json;stream=watch',
    'application/json;q=0.5,application/yaml;q=0.8,application/vnd.kubernetes.protobuf;q=0.9',
  ])
    assert.deepEqual(negotiate(accept), { ...json, encoding: 'protobuf' }, accept);
  assert.equal(negotiate('application/vnd.kubernetes.protobuf,application/yaml,*/*', { custom: true }).encoding, 'yaml');
  const metadata = 'application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';
  for (const custom of [true, false])
    assert.deepEqual(negotiate(metadata, { custom }), { ...json, as: 'PartialObjectMetadata', encoding: 'protobuf' });
});

test('the first form that can be written is chosen', () => {
  assert.deepEqual(negotiate('application/yaml'), { ...json, encoding: 'yaml' });
  assert.deepEqual(negotiate('application/json;as=Table;v=v1;g=meta.k8s.io,application/json'), { ...json, as: 'Table' });
  assert.deepEqual(negotiate('application/json;as=Table;g=meta.k8s.io;v=v1beta1'), { as: 'Table', encoding: 'json', version: 'v1beta1' });
  assert.equal(negotiate('application/json; as=PartialObjectMetadataList; g=meta.k8s.io; v=v1').as, 'PartialObjectMetadataList');
  assert.deepEqual(negotiate('application/vnd.kubernetes.protobuf;as=Table;g=meta.k8s.io;v=v1,application/json'), json);
});

test('nothing acceptable is 406', () => {
  const refused = { code: 406, reason: 'NotAcceptable' };
  for (const accept of [
    'application/vnd.kubernetes.protobuf;as=Table;g=meta.k8s.io;v=v1',
    'text/html',
    'application/json;as=Table;g=other;v=v1',
    'application/json;as=Nothing;g=meta.k8s.io;v=v1',
    'application/json;g=meta.k8s.io;v=v1',
    'application/cbor',
    'application/cbor-seq',
  ])
    assert.throws(() => negotiate(accept), refused, accept);
  assert.throws(() => negotiate('application/json;as=Table;v=v1;g=meta.k8s.io', { converts: false }), refused);
  assert.throws(() => negotiate('application/vnd.kubernetes.protobuf', { custom: true }), refused);
});

test('a Status is told in what would do for an object, and in JSON otherwise', () => {
  for (const [accept, encoding] of [
    ['application/vnd.kubernetes.protobuf,application/json', 'protobuf'],
    ['application/json;as=Table;g=meta.k8s.io;v=v1,application/yaml', 'yaml'],
    ['application/vnd.kubernetes.protobuf;as=Table;g=meta.k8s.io;v=v1', 'json'],
    ['text/html', 'json'],
  ] as const)
    assert.equal(statusEncoding(accept), encoding, accept);
});
