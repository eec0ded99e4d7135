import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Fixture, startServer } from '../../testing/fixture.ts';

let server: Fixture;
before(async () => {
  server = await startServer();
});
after(() => server.close());

async function answer(place: string, body: object): Promise<string> {
  const { status, text } = await server.send('POST', `/apis/authorization.k8s.io/v1/${place}`, body);
  const { message = '' } = JSON.parse(text) as { message?: string };
  return `${status} ${message.replace(/^.* is invalid: /, '')}`;
}

const pods = { verb: 'list', resource: 'pods' };
const spec = { user: 'a', resourceAttributes: pods };
const path = { path: '/', verb: 'get' };

test('reviews have no metadata', async () => {
  assert.equal(await answer('subjectaccessreviews', { metadata: { namespace: 'gone' }, spec }), '201 ');
  assert.equal(
    await answer('subjectaccessreviews', { metadata: { name: 'x' }, spec }),
    '422 metadata: Invalid value: {"name":"x"}: must be empty',
  );
  assert.match(
    await answer('selfsubjectaccessreviews', { metadata: { labels: { a: 'b' } }, spec: { resourceAttributes: pods } }),
    /must be empty$/,
  );
});

test('a review within a namespace is of that namespace, and of resources', async () => {
  const place = 'namespaces/default/localsubjectaccessreviews';
  const here = { user: 'a', resourceAttributes: { ...pods, namespace: 'default' } };
  assert.equal(await answer(place, { spec: here }), '201 ');
  assert.equal(await answer(place, { metadata: { namespace: 'default' }, spec: here }), '201 ');
  assert.match(await answer(place, { metadata: { name: 'x' }, spec: here }), /must be empty except for namespace$/);
  assert.match(
    await answer(place, { metadata: { namespace: 'other' }, spec: here }),
    /^400 the namespace of the provided object does not match/,
  );
  assert.equal(await answer(place, { spec }), '422 spec.resourceAttributes.namespace: Invalid value: "": must match metadata.namespace');
  assert.equal(
    await answer(place, { spec: { user: 'a', nonResourceAttributes: path } }),
    '422 spec.nonResourceAttributes: Invalid value: {"path":"/","verb":"get"}: disallowed on this kind of request',
  );
});
