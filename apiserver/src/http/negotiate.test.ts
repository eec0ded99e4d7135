import assert from 'node:assert/strict';
import { test } from 'node:test';
import { negotiate } from './negotiate.ts';

const json = { as: 'Object', yaml: false, version: 'v1' };

test('JSON is what clients get that do not mind', () => {
  for (const accept of [
    undefined,
    '',
    '*/*',
    'application/json',
    'application/*',
    'application/vnd.kubernetes.protobuf, */*',
    'text/html,*/*;q=0.8',
  ])
    assert.deepEqual(negotiate(accept), json, accept);
});

test('the first form that can be written is chosen', () => {
  assert.deepEqual(negotiate('application/yaml'), { ...json, yaml: true });
  assert.deepEqual(negotiate('application/json;as=Table;v=v1;g=meta.k8s.io,application/json'), { ...json, as: 'Table' });
  assert.deepEqual(negotiate('application/json;as=Table;g=meta.k8s.io;v=v1beta1'), { as: 'Table', yaml: false, version: 'v1beta1' });
  assert.equal(negotiate('application/json; as=PartialObjectMetadataList; g=meta.k8s.io; v=v1').as, 'PartialObjectMetadata');
  assert.deepEqual(negotiate('application/vnd.kubernetes.protobuf;as=Table;g=meta.k8s.io;v=v1,application/json'), json);
});

test('nothing acceptable is 406', () => {
  const refused = { code: 406, reason: 'NotAcceptable' };
  for (const accept of [
    'application/vnd.kubernetes.protobuf',
    'text/html',
    'application/json;as=Table;g=other;v=v1',
    'application/json;as=Nothing;g=meta.k8s.io;v=v1',
    'application/json;g=meta.k8s.io;v=v1',
  ])
    assert.throws(() => negotiate(accept), refused, accept);
  assert.throws(() => negotiate('application/json;as=Table;v=v1;g=meta.k8s.io', false), refused);
});
