import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually } from '@keelson/testing';
import { type Fixture, startServer } from '../../testing/fixture.ts';

let server: Fixture;
const path = '/apis/example.com/v1/holders';
before(async () => {
  server = await startServer();
  const embedded = { type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true };
  const schema = { type: 'object', properties: { spec: { type: 'object', properties: { held: embedded } } } };
  const versions = [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }];
  const spec = { group: 'example.com', scope: 'Cluster', names: { plural: 'holders', kind: 'Holder' }, versions };
  await server.send('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', { metadata: { name: 'holders.example.com' }, spec });
  await eventually(async () => (await server.send('GET', path)).status === 200, { message: 'holders are served' });
});
after(() => server.close());

const hold = (held: object) =>
  server.send('POST', path, { apiVersion: 'example.com/v1', kind: 'Holder', metadata: { generateName: 'a-' }, spec: { held } });

test('what every API object has is of its type in embedded ones too', async () => {
  const pod = { apiVersion: 'v1', kind: 'Pod' };
  const numbers = { annotations: { b: 'c' }, labels: { a: 1 }, odd: null };
  const number = 'json: cannot unmarshal number into Go';
  const cases: [held: object, fault: string][] = [
    [{ ...pod, metadata: 1 }, `metadata: Invalid value: 1: ${number} value of type v1.ObjectMeta`],
    [
      { ...pod, metadata: numbers },
      `metadata: Invalid value: ${JSON.stringify(numbers)}: ${number} struct field ObjectMeta.labels of type string`,
    ],
    [{ ...pod, apiVersion: 1 }, 'apiVersion: Invalid value: 1: must be a string'],
    [{ ...pod, kind: null }, 'kind: Invalid value: null: must be a string'],
  ];
  for (const [held, fault] of cases) {
    const answer = await hold(held);
    assert.equal(answer.status, 400);
    assert.equal(answer.json().message, `Holder in version "v1" cannot be handled as a Holder: spec.held.${fault}`);
  }
});

test('an embedded object may do without metadata, and with null has none', async () => {
  for (const [metadata, kept] of [
    [undefined, undefined],
    [null, {}],
    [{ name: 'a', odd: 1 }, { name: 'a' }],
  ]) {
    const answer = await hold({ apiVersion: 'v1', kind: 'Pod', metadata });
    assert.equal(answer.status, 201, answer.text);
    assert.deepEqual(answer.json<{ spec: { held: { metadata: object } } }>().spec.held.metadata, kept);
  }
});

test('an object of another kind is invalid in its kind, whichever way it comes', async () => {
  const message = 'Other.example.com "a" is invalid: kind: Invalid value: "Other": must be Holder';
  const other = { apiVersion: 'example.com/v1', kind: 'Other', metadata: { name: 'a' } };
  await server.send('POST', path, { ...other, kind: 'Holder' });
  for (const [method, at, type] of [
    ['POST', path, 'application/json'],
    ['PUT', `${path}/a`, 'application/json'],
    ['PATCH', `${path}/a`, 'application/merge-patch+json'],
  ] as const) {
    const answer = await server.send(method, at, other, { 'content-type': type });
    assert.deepEqual([answer.status, answer.json().message], [422, message], method);
  }
});
