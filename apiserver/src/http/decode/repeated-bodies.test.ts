import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { KubeObject } from '@keelson/client';
import { ServiceAccount } from '@keelson/types';
import { type Fixture, podOf, startServer } from '../../testing/fixture.ts';
import type { DecodeResult } from './decode.ts';
import { RepeatedBodies } from './repeated-bodies.ts';

let server: Fixture;
before(async () => {
  server = await startServer();
  await server.api.create(ServiceAccount, { metadata: { name: 'default', namespace: 'default' } });
});
after(() => server.close());

const path = '/api/v1/namespaces/default/pods';
const unnamed: KubeObject['metadata'] & { generateName?: string } = { generateName: 'a-' };

test('a body that comes again makes another object of the same form, warnings included', async () => {
  const body = { ...podOf('', { metadata: { name: undefined, generateName: 'again-' } }), lunch: true };
  const answers = [];
  for (let i = 0; i < 3; i++) answers.push(await server.send('POST', path, body));
  const own = answers.map((answer) => answer.json<{ metadata: { name: string; uid: string } }>());
  assert.equal(new Set(own.map(({ metadata }) => metadata.name)).size, 3);
  assert.equal(new Set(own.map(({ metadata }) => metadata.uid)).size, 3);
  assert.equal(new Set(answers.map(({ headers }) => String(headers.warning))).size, 1);
  assert.match(String(answers[2]?.headers.warning), /unknown field \\"lunch\\"/);
  const strict = await server.send('POST', `${path}?fieldValidation=Strict`, body);
  assert.equal(strict.status, 400);
});

test('what was made of a body does not change what is made of it later', () => {
  const bodies = new RepeatedBodies<DecodeResult>();
  const body = Buffer.from('{}');
  const labels = { a: '1' };
  const result = { object: { metadata: unnamed, labels }, warnings: [] };
  bodies.remember('x', body, result);
  body.fill('x');
  labels.a = '2';
  const found = bodies.find('x', Buffer.from('{}'));
  assert.deepEqual(found?.object, { metadata: { generateName: 'a-' }, labels: { a: '1' } });
  Object.assign(found?.object.metadata ?? {}, { name: 'a-1' });
  assert.equal(bodies.find('x', Buffer.from('{}'))?.object.metadata.name, undefined);
  assert.equal(bodies.find('y', Buffer.from('{}')), undefined);
  assert.equal(bodies.find('x', Buffer.from('{ }')), undefined);
  bodies.forget();
  assert.equal(bodies.find('x', Buffer.from('{}')), undefined);
});

test('only what may come again is kept', () => {
  const bodies = new RepeatedBodies<DecodeResult>();
  const body = Buffer.from('{}');
  bodies.remember('named', body, { object: { metadata: { ...unnamed, name: 'a' } }, warnings: [] });
  bodies.remember('neither', body, { object: { metadata: {} }, warnings: [] });
  const large = Buffer.alloc(64 * 1024 + 1);
  bodies.remember('large', large, { object: { metadata: unnamed }, warnings: [] });
  assert.deepEqual(
    [bodies.find('named', body), bodies.find('neither', body), bodies.find('large', large)],
    [undefined, undefined, undefined],
  );
});
